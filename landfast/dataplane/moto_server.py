"""Moto's server as a process: ``python -m landfast.dataplane.moto_server HOST PORT``.

``python -m moto.server`` does nearly the same, but for two things. It writes a line for every request: at the rate of
pollers its log would fill the disk. And it answers DynamoDB requests side by side, although a transaction that is
rejected puts back a copy of the tables, so that what others wrote meanwhile would be lost.
"""

import logging
import sys
import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

_TARGET = "HTTP_X_AMZ_TARGET"


class OneAtATime:
    """Lets the requests of one service in one after the other, and all others side by side.

    Attributes:
        application: What answers the requests.
        service: How the ``X-Amz-Target`` of the service's requests begins.
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
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    application = OneAtATime(DomainDispatcherApplication(create_backend_app), "DynamoDB")
    make_server(host, port, application, threaded=True, request_handler=MotoRequestHandler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
