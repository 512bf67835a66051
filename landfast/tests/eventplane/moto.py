"""moto in this process, without sockets."""

from functools import cache

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client


@cache
def client() -> Client:
    """A client of moto, whose applications are made once: all it holds is the process's, until it is reset."""
    return Client(DomainDispatcherApplication(create_backend_app))


def reset() -> None:
    """Have moto forget everything."""
    assert client().post("/moto-api/reset").status_code == 200
