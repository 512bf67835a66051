"""The service's own log: what went wrong in it, with the reasons that its callers are not told."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

NAME = "service.log"
_MOST_BYTES = 1024 * 1024
_ROOT = logging.getLogger("landfast")
_ROOT.addHandler(logging.NullHandler())  # without a file, nothing goes onto the console


class _PrivateFile(RotatingFileHandler):
    """A file of its owner alone, which does not grow without end; it comes into being with its first line."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding="utf-8", opener=partial(os.open, mode=0o600))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Say nothing where nothing can be said: the disk is full, or the file has gone."""


def logger(name: str) -> logging.Logger:
    """The logger of a module of the service."""
    return logging.getLogger(name)


@contextmanager
def written_to(path: Path) -> Iterator[None]:
    """Keep what is logged in `path`, and one file of as much before it."""
    handler = _PrivateFile(path, maxBytes=_MOST_BYTES, backupCount=1, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _ROOT.addHandler(handler)
    try:
        yield
    finally:
        _ROOT.removeHandler(handler)
        handler.close()
