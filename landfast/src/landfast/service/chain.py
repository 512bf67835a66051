"""The trace header that travels with events, and the guard against functions that call themselves (S-34)."""

import re
import secrets
import time
from typing import Final

from landfast.delivery.recursion import Lineage

_ROOT: Final = re.compile(r"(?:^|;)\s*Root=([^;\s]+)")
_PARENT: Final = re.compile(r"(?:^|;)\s*Parent=([^;\s]+)")


def begun() -> str:
    """A new trace header (AWS X-Ray Developer Guide, "Tracing header")."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={segment()};Sampled=0"


def root(trace: str) -> str:
    """The root in a trace header; empty where it has none."""
    found = _ROOT.search(trace)
    return found[1] if found else ""


def parent(trace: str) -> str:
    """The parent in a trace header, the segment that sent it; empty where it has none."""
    found = _PARENT.search(trace)
    return found[1] if found else ""


def within(trace: str, segment: str) -> str:
    """The trace header as a new segment of the same chain sends it on."""
    kept = [part for part in trace.split(";") if part.strip() and not part.strip().startswith("Parent=")]
    return ";".join([*kept[:1], f"Parent={segment}", *kept[1:]])


def segment() -> str:
    """A new segment id."""
    return secrets.token_hex(8)


def of_call(trace: str, call: str) -> str:
    """The trace header of what a call has sent that came with `trace`: its chain goes on from the call (S-34)."""
    return Lineage.read(trace).write(Lineage().write(call))


def anew(trace: str) -> str:
    """The trace header with a root of its own, in the same lineage."""
    new = begun()
    return Lineage.read(trace).write(new) if trace else new


def depth(trace: str, function_arn: str) -> int:
    """Count the calls of the function before in this chain."""
    return Lineage.read(trace).depth(function_arn)


def passed_on(trace: str, function_arn: str) -> str:
    """Return the trace header that the function, once called, sends on."""
    return Lineage.read(trace).called(function_arn).write(trace)
