"""Which failures the user can mend, each in one line."""

import sys
import threading
from typing import Any

from landfast.errors import LandfastError


def in_one_line(error: BaseException) -> str | None:
    """Say what is wrong, where and how to mend it; None for a fault of Landfast's own, whose traceback is wanted.

    What the operating system refuses (a file, a port, a full disk) and what an AWS client reports are the user's to
    mend as well, wherever they come from.
    """
    if isinstance(error, LandfastError):
        text = str(error)
    elif isinstance(error, OSError):
        text = _of_the_system(error)
    elif _is_from_a_client(error):
        text = _of_a_client(error)
    else:
        return None
    return " ".join(text.split())


def keep_threads_quiet() -> None:
    """Let no thread print the traceback of an error that the user can mend: the command tells it at its end."""

    def told(failed: threading.ExceptHookArgs) -> None:
        if not isinstance(failed.exc_value, LandfastError):
            threading.__excepthook__(failed)

    threading.excepthook = told


def _of_the_system(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename is not None else reason


def _is_from_a_client(error: BaseException) -> bool:
    botocore = _botocore()
    return botocore is not None and isinstance(error, botocore.BotoCoreError | botocore.ClientError)


def _of_a_client(error: BaseException) -> str:
    if isinstance(error, _botocore().HTTPClientError):
        return f"{error}: does `landfast up` still run, and its engine with it?"
    return str(error)


def _botocore() -> Any:  # noqa: ANN401 - a module, if it is there
    """Return botocore's errors; None if nothing has imported it: it raised nothing, and need not be imported."""
    return sys.modules.get("botocore.exceptions")
