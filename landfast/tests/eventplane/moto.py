"""moto in this process, without sockets."""

from functools import cache

from werkzeug.test import Client


@cache
def client() -> Client:
    """A client of moto, whose applications are made once: all it holds is the process's, until it is reset."""
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - it takes a second
        DomainDispatcherApplication,
        create_backend_app,
    )

    return Client(DomainDispatcherApplication(create_backend_app))


def reset() -> None:
    """Have moto forget everything."""
    assert client().post("/moto-api/reset").status_code == 200
