"""Moto's server as a process: ``python -m landfast.dataplane.moto_server HOST PORT``.

``python -m moto.server`` does the same, but writes a line for every request: at the rate of pollers its log would
fill the disk.
"""

import logging
import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server


def main(host: str, port: int) -> None:
    """Serve until killed."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    application = DomainDispatcherApplication(create_backend_app)
    make_server(host, port, application, threaded=True, request_handler=MotoRequestHandler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
