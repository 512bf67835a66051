"""Waiting for a running service to come to rest, from any process."""

import http.client
import json
from urllib.parse import urlsplit

from landfast.service.local_api import DEFAULT, SETTLE
from landfast.service.state import ServiceError

__all__ = ["DEFAULT", "settle"]

_MARGIN = 30.0
"""Real seconds beyond the wait in which a busy machine has to answer."""


def settle(endpoint: str, timeout: float = DEFAULT) -> None:
    """Wait until nothing is under way and nothing is planned.

    Args:
        endpoint: The service's URL.
        timeout: Real seconds to wait at most.

    Raises:
        ServiceError: Something does not come to rest, and what; or the service does not answer.
    """
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=timeout + _MARGIN)
    try:
        connection.request("POST", f"{SETTLE}?timeout={timeout:g}")
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServiceError(f"{endpoint}: the service does not answer: {error or type(error).__name__}") from error
    finally:
        connection.close()
    if not answer.get("settled"):
        reason = answer.get("reason") or answer.get("message")
        raise ServiceError(f"not everything has landed after {timeout:g} s: {reason}")
