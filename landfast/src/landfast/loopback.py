"""Lets programs of this machine ask a port on loopback, and no page of a browser.

A socket on 127.0.0.1 is open to every page that a browser on this machine shows: a page can send requests without a
preflight (a form, an image, a ``text/plain`` POST), and by a host name that resolves to 127.0.0.1 (rebinding) it can
read the answers, too. AWS SDKs and command lines send none of the headers by which browsers give themselves away, and
they name the host that they were given.

This module imports nothing but the standard library: it also runs inside processes that have no other part of Landfast.
"""

import re
from collections.abc import Collection, Sequence

ADDRESS = "127.0.0.1"
"""The address of every port, unless the user asks for another."""

KEY = "X-Landfast-Key"
"""The header by which an engine knows that the endpoint has checked a request already."""

_PORT = r"(?::(?P<port>[0-9]{1,5}))?"
_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_LOOPBACK = re.compile(rf"(?P<name>127\.0\.0\.1|\[::1\]|(?:{_LABEL}\.)*localhost){_PORT}")
"""Loopback itself, and the names below ``localhost``, which are loopback by RFC 6761: ``bucket.s3.localhost``."""

_OTHER = re.compile(rf"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_.-]+){_PORT}")
_OWN_SITE = frozenset({"none", "same-origin"})
_CORS = "access-control-"


def refusal(
    host: Sequence[str], origin: Sequence[str] = (), sec_fetch_site: Sequence[str] = (), *, also: Collection[str] = ()
) -> str | None:
    """Why a request is refused, in one line; None when it may pass.

    Args:
        host: The values of all its Host headers.
        origin: All its Origin headers.
        sec_fetch_site: All its Sec-Fetch-Site headers.
        also: Host names or addresses, without a port, that are allowed besides those of loopback.
    """
    if len(host) != 1:
        return "a request needs exactly one Host header"
    named = host[0].strip().lower()
    if not is_ours(named, also):
        return f"the host {_shown(host[0])} is not one of this service: use localhost or 127.0.0.1"
    if any(value.strip().lower() != f"http://{named}" for value in origin):
        return f"pages of other origins may not ask: {_shown(', '.join(origin))}"
    if any(value.strip().lower() not in _OWN_SITE for value in sec_fetch_site):
        return "pages of other sites may not ask"
    return None


def is_ours(host: str, also: Collection[str] = ()) -> bool:
    """Tell whether a host, with its port or without, is a name of loopback or one of `also`."""
    if _LOOPBACK.fullmatch(host):
        return True
    other = _OTHER.fullmatch(host)
    return other is not None and other["name"] in {name.lower() for name in also}


def is_cors(header: str) -> bool:
    """Tell whether an answer's header would let pages of other origins in; no answer carries one."""
    return header.lower().startswith(_CORS)


def _shown(value: str) -> str:
    return repr(value[:100])
