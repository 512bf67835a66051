"""The functions as callers know them: by name, ARN and qualifier."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from landfast.delivery.outcomes import Failed, NotReached, Outcome, returned
from landfast.delivery.recursion import RecursiveLoop
from landfast.delivery.strict_json import json_text, read_json
from landfast.runtime.model import Answered, Errored, FunctionSpec, Result, Throttled
from landfast.runtime.runtime import Admission
from landfast.service.faults import Faults
from landfast.service.payloads import Payloads

LATEST = "$LATEST"
_REFERENCE = re.compile(
    r"(?:arn:[\w-]+:lambda:(?P<region>[\w-]+):|)(?:(?P<account>\d{12}):function:)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>\$LATEST|[\w-]+))?"
)
_JOURNAL_WORDS = {"exception": "raise"}


class FunctionNotFoundError(LookupError):
    """There is no such function, or no such version or alias of it; the text is AWS's."""


class Runtime(Protocol):
    """The part of `landfast.runtime.Runtime` that the service needs."""

    def invoke(
        self,
        function: str,
        payload: bytes,
        *,
        request_id: str,
        invoked_arn: str | None = None,
        client_context: bytes | None = None,
        trace_id: str | None = None,
        admitted: Admission | Throttled | None = None,
    ) -> Result:
        """Call a function and wait for its end."""
        ...

    def admit(self, function: str) -> Admission | Throttled:
        """Let one invocation in, if the concurrency allows it."""
        ...

    def leave(self, place: Admission | Throttled) -> None:
        """Give back the place of an invocation that will not be made."""
        ...

    def reserve(self, function: str, concurrency: int | None) -> None:
        """Change a function's reserved concurrency."""
        ...

    def at_work(self, token: str) -> tuple[str, str, int] | None:
        """The function, the request id and the process of the invocation that has a session token."""
        ...


class Routing:
    """The versions to which the calls of a qualifier go; those of an alias can change while it is called.

    Args:
        version: The version it stands for.
        weights: The part of the calls that other versions get, 0 to 1.

    Attributes:
        exists: False once the alias was deleted.
    """

    def __init__(self, version: str = LATEST, weights: Mapping[str, float] | None = None) -> None:
        self.exists = True
        self._now = version, weights or {}

    @property
    def version(self) -> str:
        """The version it stands for."""
        return self._now[0]

    def change(self, version: str, weights: Mapping[str, float]) -> None:
        """Let further calls go elsewhere."""
        self.exists = True
        self._now = version, weights  # at once, as calls are made in other threads

    def drawn(self, chance: float) -> str:
        """The version that a call goes to; `chance`, from 0 to 1, decides where there are weights (U-26)."""
        version, weights = self._now
        for other, part in weights.items():
            if chance < part:
                return other
            chance -= part
        return version


@dataclass(frozen=True, slots=True)
class Target:
    """A function as it was addressed.

    Attributes:
        label: The name of the function in the journal: its logical id.
        spec: The specification of the function.
        qualifier: The version or alias in the address; None without one.
        recursive_loop: The function's setting for chains of calls that do not end (S-34).
        routing: The versions to which its calls go.
    """

    label: str
    spec: FunctionSpec
    qualifier: str | None = None
    recursive_loop: RecursiveLoop = "Terminate"
    routing: Routing = field(default_factory=Routing)

    @property
    def version(self) -> str:
        """The version that the qualifier stands for."""
        return self.routing.version

    @property
    def qualified_arn(self) -> str:
        """The ARN with its qualifier, ``:$LATEST`` included (S-08)."""
        return f"{self.spec.arn}:{self.qualifier or LATEST}"

    def drawn(self, chance: float) -> str:
        """The version that a call goes to; `chance`, from 0 to 1, decides where an alias has weights (U-26)."""
        return self.routing.drawn(chance)

    @property
    def invoked_arn(self) -> str:
        """The ARN as the caller addressed it, which the function sees as ``invoked_function_arn``."""
        return f"{self.spec.arn}:{self.qualifier}" if self.qualifier else self.spec.arn


class Functions:
    """Every function of the stack.

    Args:
        specs: By physical name.
        runtime: The runtime that runs the functions.
        labels: Their logical ids, by physical name.
        aliases: By physical name: the version that each alias and each published version stands for.
        loops: By physical name: `Target.recursive_loop`, where it is not the default.
        weights: By physical name and alias: the part of its calls that other versions get.
        faults: The faults that its invocations are to meet.
        payloads: Keeps the events of its invocations for who wants to look at them.

    Attributes:
        specs: By physical name.
        runtime: The runtime that runs the functions.
        labels: Their logical ids, by physical name.
        faults: The faults that its invocations are to meet.
        before: Called before each invocation, in its thread.
    """

    def __init__(
        self,
        specs: Mapping[str, FunctionSpec],
        runtime: Runtime,
        *,
        labels: Mapping[str, str] | None = None,
        aliases: Mapping[str, Mapping[str, str]] | None = None,
        loops: Mapping[str, RecursiveLoop] | None = None,
        weights: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None,
        faults: Faults | None = None,
        payloads: Payloads | None = None,
    ) -> None:
        self.specs = dict(specs)
        self.runtime = runtime
        self.labels = labels or {}
        self.faults = faults or Faults(time.time, lambda _: None)
        self._payloads = payloads or Payloads()
        self.before: Callable[[], None] = lambda: None
        self._loops = loops or {}
        self._routings: dict[str, dict[str, Routing]] = {name: {LATEST: Routing()} for name in specs}
        for name, versions in (aliases or {}).items():
            for qualifier, version in versions.items():
                self.route(name, qualifier, version, (weights or {}).get(name, {}).get(qualifier, {}))

    def route(self, name: str, qualifier: str, version: str, weights: Mapping[str, float]) -> None:
        """Say to which versions the calls of a qualifier go, from now on; a new one is made."""
        self._routings[name].setdefault(qualifier, Routing()).change(version, weights)

    def reserve(self, name: str, concurrency: int | None) -> None:
        """Change the reserved concurrency of a function, from now on."""
        self.specs[name] = replace(self.specs[name], reserved_concurrency=concurrency)
        self.runtime.reserve(name, concurrency)

    def forget(self, name: str, qualifier: str) -> None:
        """An alias is no more."""
        self._routings[name][qualifier].exists = False

    def find(self, reference: str, qualifier: str | None = None) -> Target:
        """The function that `reference` means: a name, a partial or a whole ARN, with a qualifier or without.

        Raises:
            FunctionNotFoundError: There is none.
            ValueError: The two qualifiers differ.
        """
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise FunctionNotFoundError(f"Function not found: {reference}")
        own = match["qualifier"]
        if own and qualifier and own != qualifier:
            raise ValueError("The derived qualifier from the function name does not match the specified qualifier.")
        wanted = own or qualifier
        spec = self.specs.get(match["name"])
        if spec is None:
            example = next(iter(self.specs.values()), None)
            prefix = example.arn.rpartition(":")[0] if example else "arn:aws:lambda:us-east-1:123456789012:function"
            suffix = f":{wanted}" if wanted else ""
            raise FunctionNotFoundError(f"Function not found: {prefix}:{match['name']}{suffix}")
        routing = self._routings[spec.name].get(wanted or LATEST)
        if routing is None or not routing.exists:
            raise FunctionNotFoundError(f"Function not found: {spec.arn}:{wanted}")
        label = self.labels.get(spec.name, spec.name)
        return Target(label, spec, wanted, self._loops.get(spec.name, "Terminate"), routing)

    def call(
        self,
        target: Target,
        payload: bytes,
        request_id: str,
        *,
        client_context: bytes | None = None,
        trace_id: str | None = None,
        admitted: Admission | Throttled | None = None,
    ) -> Result:
        """Call the function and wait for its end; `admitted` is what `admit` has answered, if it was asked before."""
        self.before()
        self._payloads.keep(request_id, payload)
        return self.runtime.invoke(
            target.spec.name,
            payload,
            request_id=request_id,
            invoked_arn=target.invoked_arn,
            client_context=client_context,
            trace_id=trace_id,
            admitted=admitted,
        )

    def at_work(self, token: str) -> tuple[str, str, int] | None:
        """The logical id, the request id and the process of the invocation that has a session token."""
        found = self.runtime.at_work(token)
        return found and (self.labels.get(found[0], found[0]), *found[1:])

    def admit(self, target: Target) -> Admission | Throttled:
        """Let one invocation in, if the concurrency allows it; it has to be called then."""
        return self.runtime.admit(target.spec.name)


def outcome(result: Result, version: str) -> tuple[Outcome, str]:
    """Return a result's outcome for the delivery machines and the journal, and its kind in one word."""
    match result:
        case Answered(payload):
            return returned(payload, version), "succeed"
        case Errored(error, kind):
            return Failed(read_json(json_text(error)), version), _JOURNAL_WORDS.get(kind, kind)
        case Throttled():
            return NotReached("throttle"), "throttle"
