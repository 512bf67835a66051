"""The scripted function: which rule of its behaviour applies, and what an invocation comes to (S-05, S-17)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import UNSET

from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded
from landfast.delivery.strict_json import json_size
from landfast.simulate.scenario import Behaviour, Function, Rule

RESPONSE_LIMIT: Final = 6_291_556
"""Bytes of a response, the number that AWS names in its error (S-17)."""

_REFERENCE = "$id:"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of an invocation: the scenario's name for it, what Lambda sees, and the seconds that it takes."""

    behaviour: Behaviour
    outcome: Outcome
    duration: float


@dataclass(slots=True)
class ScriptedFunction:
    """Plays the function of a scenario.

    Attributes:
        function: The script.
        identifier: Tells a record's item identifier, for partial batch responses.
        number: Tells the number of a generated record, from 1; None if the records are given one by one.
    """

    function: Function
    identifier: Callable[[str], str]
    number: Callable[[str], int] | None
    _applied: dict[int, int] = field(default_factory=dict)

    def answer(self, records: Sequence[str], request_id: str) -> Answer:  # noqa: C901 - one case for each behaviour
        """Play one invocation with the records of these ids."""
        rule = self._rule(records)
        if rule is None:
            return self._timed("succeed", Succeeded(None), self.function.duration, request_id)
        duration = self.function.duration if rule.duration is UNSET else rule.duration
        match rule.outcome:
            case "throttle":
                return Answer("throttle", NotReached(), 0.0)
            case "timeout":
                return self._timed_out(request_id)
            case "raise":
                outcome: Outcome = Failed(_exception(request_id))
            case "exit":
                outcome = Failed(_exit(request_id))
            case "report":
                outcome = _answered(self._report(rule, records))
            case "return":
                outcome = _answered(self._filled_in(rule.value))
            case "succeed":
                outcome = Succeeded(None)
        return self._timed(rule.outcome, outcome, duration, request_id)

    def _rule(self, records: Sequence[str]) -> Rule | None:
        for index, rule in enumerate(self.function.behaviour):
            applied = self._applied.get(index, 0)
            if (rule.invocations is UNSET or applied < rule.invocations) and self._concerns(rule, records):
                self._applied[index] = applied + 1
                return rule
        return None

    def _concerns(self, rule: Rule, records: Sequence[str]) -> bool:
        if rule.records is UNSET and rule.every is UNSET:
            return True
        return bool(self._named(rule, records))

    def _named(self, rule: Rule, records: Sequence[str]) -> list[str]:
        """The records of the batch that the rule is about."""
        listed = frozenset(() if rule.records is UNSET else rule.records)
        number, every = self.number, rule.every
        if number is None or every is UNSET:
            return [record for record in records if record in listed]
        return [record for record in records if record in listed or number(record) % every == 0]

    def _report(self, rule: Rule, records: Sequence[str]) -> dict[str, object]:
        if rule.report is UNSET:
            failed = self._named(rule, records)
        else:
            batch = frozenset(records)
            failed = [record for record in rule.report if record in batch]
        return {"batchItemFailures": [{"itemIdentifier": self.identifier(record)} for record in failed]}

    def _filled_in(self, value: object) -> object:
        """The value with its references to records replaced by item identifiers."""
        match value:
            case str() if value.startswith(_REFERENCE):
                return self.identifier(value.removeprefix(_REFERENCE))
            case list():
                return [self._filled_in(item) for item in value]
            case Mapping():
                return {key: self._filled_in(item) for key, item in value.items()}
        return value

    def _timed(self, behaviour: Behaviour, outcome: Outcome, duration: float, request_id: str) -> Answer:
        """The answer, unless it comes too late."""
        if duration > self.function.Timeout:
            return self._timed_out(request_id)
        return Answer(behaviour, outcome, duration)

    def _timed_out(self, request_id: str) -> Answer:
        text = f"RequestId: {request_id} Error: Task timed out after {self.function.Timeout:.2f} seconds"
        error = {"errorType": "Sandbox.Timedout", "errorMessage": text}
        return Answer("timeout", Failed(error), float(self.function.Timeout))


def _answered(value: object) -> Outcome:
    """Treat a response as Lambda does: one that is too large is a function error (S-05, S-17)."""
    if json_size(value) <= RESPONSE_LIMIT:
        return Succeeded(value)
    text = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
    return Failed({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": text})


def _exception(request_id: str) -> dict[str, object]:
    frame = '  File "/var/task/app.py", line 1, in handler\n    raise Exception("scripted failure")\n'
    return {
        "errorMessage": "scripted failure",
        "errorType": "Exception",
        "requestId": request_id,
        "stackTrace": [frame],
    }


def _exit(request_id: str) -> dict[str, object]:
    text = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
    return {"errorType": "Runtime.ExitError", "errorMessage": text}
