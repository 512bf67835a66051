"""Moto's server as a process: ``python -m landfast.dataplane.moto_server HOST PORT``.

``python -m moto.server`` does nearly the same, but for five things. It answers DynamoDB requests side by side, although
a transaction that is rejected puts back a copy of the tables, so that what others wrote meanwhile would be lost. It
serves everybody everything, functions that run in Docker included. It takes what is no HTTP, ends the connection after
each response, and writes a line for each, which would fill the disk (`landfast.dataplane.moto_http`). It looks anew at
each request for what never changes: its services, and what they can do. And some of what it stores is not what AWS
would (`moto_conditions`, `moto_items`, `moto_objects`, `moto_values`).
"""

import sys
import threading
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from botocore.model import OperationNotFoundError
from moto.core import responses
from moto.core.utils import method_names_from_class
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from landfast.dataplane import moto_conditions, moto_items, moto_objects, moto_values
from landfast.dataplane.guard import Guard, NotServedError, WsgiGuard
from landfast.dataplane.moto_http import StrictRequestHandler
from landfast.dataplane.moto_memory import MotoMemory

SERVED: Final = frozenset(
    {
        "appconfig", "cloudwatch", "cognitoidentity", "cognitoidp", "dynamodb", "dynamodb_v20111205",
        "dynamodbstreams", "events", "firehose", "iam", "kinesis", "kms", "logs", "resourcegroupstaggingapi", "s3",
        "s3control", "scheduler", "secretsmanager", "ses", "sesv2", "sns", "sqs", "ssm", "stepfunctions", "sts",
        "xray",
    }
)  # fmt: skip
"""The services within reach, by moto's names: those that keep and tell, and run nothing.

What Landfast delivers itself is among them: `tests/contract` compares it with what the engines do alone.
"""

_TARGET = "HTTP_X_AMZ_TARGET"
_HOSTS = 128
"""The most host names whose service is remembered: there is one for each service and region."""


class Dispatcher(DomainDispatcherApplication):
    """Finds the service that a request is for, and refuses those out of reach."""

    def __init__(self, create_app: Callable[..., Any]) -> None:
        super().__init__(create_app)
        # moto would list its own folder for each request, and try the patterns of all services.
        self._backend_for_host = lru_cache(_HOSTS)(super().get_backend_for_host)

    def get_backend_for_host(self, host: str | None) -> Any:  # noqa: ANN401 - the signature is moto's
        """The service of a host name, if it is within reach.

        Raises:
            NotServedError: It is not.
        """
        backend = self._backend_for_host(host)
        if backend is not None and backend not in SERVED:
            raise NotServedError(str(backend))
        return backend


class OneAtATime:
    """Lets the requests of one service in one after the other, and all others side by side.

    Attributes:
        application: The application that answers the requests.
        service: The beginning of the ``X-Amz-Target`` of the service's requests.
    """

    def __init__(self, application: WSGIApplication, service: str) -> None:
        self.application = application
        self.service = service
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if not environ.get(_TARGET, "").startswith(self.service):
            return self.application(environ, start_response)
        with self._lock:
            return self.application(environ, start_response)


def main(host: str, port: int) -> None:
    """Serve until killed."""
    for mended in (moto_conditions, moto_items, moto_objects, moto_values):
        mended.mend()
    # moto would look through all members of a class for each request.
    responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]
    application = WsgiGuard(
        moto_objects.Digests(OneAtATime(Dispatcher(create_backend_app), "DynamoDB")),
        Guard.from_environment(),
        MotoMemory(),
        unknown=(NotImplementedError, OperationNotFoundError),
    )
    make_server(host, port, application, threaded=True, request_handler=StrictRequestHandler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
