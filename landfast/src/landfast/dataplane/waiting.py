"""Calls whose failure is told in the template's terms, and states that are waited for."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from landfast.dataplane.errors import RefusedError, ResourceError
from landfast.template import model

TIMEOUT = 20.0
_POLL = 0.05


@contextmanager
def telling(logical_id: str) -> Iterator[None]:
    """Turn what AWS refuses into one line about the resource.

    Raises:
        RefusedError: The call was refused.
        ResourceError: The endpoint is not there.
    """
    try:
        yield
    except ClientError as error:
        refused = error.response["Error"]
        text = f"{error.operation_name}: {refused['Code']}: {refused.get('Message', '')}"
        raise RefusedError(_one_line(text)) from error
    except BotoCoreError as error:
        raise ResourceError(f"{logical_id}: {_one_line(str(error))}") from error


def is_error(error: ClientError, *codes: str) -> bool:
    """Tell whether AWS answered with one of these codes."""
    return error.response["Error"]["Code"] in codes


def wait_until(reached: Callable[[], bool], resource: model.Declared) -> None:
    """Ask again and again.

    Raises:
        ResourceError: It is not reached within 20 seconds.
    """
    deadline = time.monotonic() + TIMEOUT
    while not reached():
        if time.monotonic() > deadline:
            raise ResourceError(f"{resource.logical_id}: not ready after {TIMEOUT:.0f} s")
        time.sleep(_POLL)


def _one_line(text: str) -> str:
    return " ".join(text.split())
