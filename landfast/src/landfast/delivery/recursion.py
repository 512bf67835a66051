"""The guard against functions that call themselves through other services (S-34).

How often each function was called in one chain of events rides, as on AWS, in the `Lineage` field of the X-Ray trace
header: ``Root=1-...;Sampled=1;Lineage=a87bd80c:1|68fd508a:5``, a hash and a number for each function. Sources: S-34;
AWS X-Ray Developer Guide, "Tracing header" (the field's form). A driver carries the header through the services of
`COVERED`; through any other, such as DynamoDB and Kinesis, it does not travel and a chain begins anew.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

RecursiveLoop = Literal["Terminate", "Allow"]
"""The `RecursiveLoop` property of `AWS::Lambda::Function`."""

CHAIN_LIMIT: Final = 16
"""So many calls of one function in one chain are made, and the next is stopped."""

COVERED: Final = frozenset({"sqs", "sns", "s3", "lambda"})
"""The services through which a chain is followed."""

METRIC: Final = "RecursiveInvocationsDropped"
"""CloudWatch's name for the count of stopped calls."""

ERROR_CODE: Final = "RecursiveInvocationException"
ERROR_STATUS: Final = 400

_FIELD = "Lineage="
_CALLS = re.compile(r"([0-9a-f]{8}):([0-9]{1,9})")
_UNQUALIFIED_PARTS = 7


def stops(depth: int, mode: RecursiveLoop) -> bool:
    """Tell whether a call is stopped that comes after `depth` calls of the same function in its chain."""
    return mode == "Terminate" and depth >= CHAIN_LIMIT


@dataclass(frozen=True, slots=True)
class Lineage:
    """The calls of each function in a chain, counted; empty at its beginning.

    Attributes:
        calls: By the hash of the function.
    """

    calls: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, trace_header: str) -> "Lineage":
        """The lineage in a trace header. What is not of its form counts as absent, as the header is the caller's."""
        for part in trace_header.split(";"):
            if part.strip().startswith(_FIELD):
                pairs = map(_CALLS.fullmatch, part.strip().removeprefix(_FIELD).split("|"))
                return cls({pair[1]: int(pair[2]) for pair in pairs if pair})
        return cls()

    def depth(self, function_arn: str) -> int:
        """Count the calls of the function, whatever its qualifier, in this chain."""
        return self.calls.get(_hash(function_arn), 0)

    def called(self, function_arn: str) -> "Lineage":
        """The lineage of what a call of the function sends on."""
        return Lineage({**self.calls, _hash(function_arn): self.depth(function_arn) + 1})

    def joined(self, other: "Lineage") -> "Lineage":
        """The lineage of what comes from both: of each function the larger number, so that no loop is lost of sight."""
        calls = {name: max(number, self.calls.get(name, 0)) for name, number in other.calls.items()}
        return Lineage({**self.calls, **calls})

    def write(self, trace_header: str = "") -> str:
        """The trace header with this lineage in it instead of its own."""
        parts = [part.strip() for part in trace_header.split(";")]
        kept = [part for part in parts if part and not part.startswith(_FIELD)]
        if self.calls:
            kept.append(_FIELD + "|".join(f"{name}:{calls}" for name, calls in self.calls.items()))
        return ";".join(kept)


@cache  # a service has a handful of functions, and asks for each event
def _hash(function_arn: str) -> str:
    unqualified = ":".join(function_arn.split(":")[:_UNQUALIFIED_PARTS])
    return hashlib.sha256(unqualified.encode()).hexdigest()[:8]
