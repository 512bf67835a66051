"""Mistakes of whoever writes a test, in one line."""

from collections.abc import Iterable
from difflib import get_close_matches

from landfast.errors import LandfastError
from landfast.service.state import Resource


class StackError(LandfastError):
    """A test asks for what the stack does not have; the message is one line: what, and what was perhaps meant."""


def no_such(kind: str, name: str, resources: Iterable[Resource]) -> StackError:
    """The error about a resource that the template does not declare, or declares as another kind."""
    alike = {each.logical_id: each.kind for each in resources}
    if name in alike:
        return StackError(f"{name} is no {kind}: it is a {alike[name]}")
    found = [each for each, of in alike.items() if of == kind]
    if close := get_close_matches(name, found, n=1) or get_close_matches(name, alike, n=1):
        other = "" if close[0] in found else f" (a {alike[close[0]]})"
        return StackError(f"the template has no {kind} {name}: did you mean {close[0]}{other}?")
    return StackError(f"the template has no {kind} {name}; there is: {', '.join(found) or 'none'}")
