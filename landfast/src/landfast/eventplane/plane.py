"""The services of the event plane, by name."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import msgspec

from landfast.aws_errors import AwsError
from landfast.protocols.call import Call
from landfast.protocols.reading import call_of
from landfast.sources.refusal import Refusal

T = TypeVar("T")

Result: TypeAlias = Mapping[str, Any]


class Pending:
    """An answer that is still to come: a long poll, or what is read from files."""

    def __init__(self) -> None:
        self._answered: Callable[[Result], None] | None = None
        self._failed: Callable[[AwsError], None] | None = None
        self._result: Result | AwsError | None = None
        self.abandoned = False
        """Whether the client has gone: nothing may be handed out to it any more."""

    def resolve(self, result: Result) -> None:
        """Answer, once."""
        self._end(result)

    def refuse(self, error: AwsError) -> None:
        """Answer with an error, once."""
        self._end(error)

    def then(self, answered: Callable[[Result], None], failed: Callable[[AwsError], None] | None = None) -> None:
        """Name who is told the answer, or the error."""
        self._answered, self._failed = answered, failed
        if self._result is not None:
            self._end(self._result)

    def _end(self, result: Result | AwsError) -> None:
        self._result = result
        if isinstance(result, AwsError):
            if self._failed is not None:
                self._failed(result)
        elif self._answered is not None:
            self._answered(result)


class Api(Protocol):
    """One service's API."""

    service: str
    """As botocore names it."""

    def answer(self, call: Call) -> Result | Pending:
        """Do what a call asks for.

        Raises:
            AwsError: It is refused; nothing has changed.
        """
        ...


def carried_out(operations: Mapping[str, Callable[[T], Result | None]], call: Call, asked: T) -> Result:
    """Return the answer of the operation that a call names.

    Args:
        operations: By AWS's names.
        call: Which is asked for.
        asked: The argument of the operations.

    Raises:
        AwsError: A machine refuses it, or there is no such operation here.
    """
    operation = operations.get(call.operation)
    if operation is None:
        message = f"{call.operation} is not available: the local {call.service} does without it."
        raise AwsError("NotImplementedException", message, status=501)
    with as_aws_error():
        return operation(asked) or {}


@contextmanager
def as_aws_error() -> Iterator[None]:
    """Turn what a machine refuses into AWS's error.

    Raises:
        AwsError: A machine refuses something.
    """
    try:
        yield
    except Refusal as refusal:
        raise AwsError(refusal.code, refusal.message, status=refusal.status) from refusal


@runtime_checkable
class PartialApi(Protocol):
    """A part of a service's API: the engine answers the rest."""

    def takes(self, call: Call) -> bool:
        """Tell whether it answers a call."""
        ...


class EventPlane:
    """Answers calls of all services that deliver events, and of those that tell of the stack."""

    def __init__(self) -> None:
        self._apis: dict[str, Api] = {}

    def add(self, api: Api) -> None:
        """Add a service."""
        self._apis[api.service] = api

    def has(self, service: str) -> bool:
        """Tell whether the service is the event plane's."""
        return service in self._apis

    def takes(self, call: Call) -> bool:
        """Tell whether a call of such a service is not the engine's."""
        api = self._apis[call.service]
        return not isinstance(api, PartialApi) or api.takes(call)

    def answer(self, call: Call) -> Result | Pending:
        """Do what a call asks for, in the driver's thread.

        Raises:
            AwsError: It is refused.
        """
        return self._apis[call.service].answer(call)

    def ask(self, service: str, operation: str, **params: Any) -> Any:  # noqa: ANN401 - a result's members
        """The result of a call of our own, for what the template declares; its members are checked as a client's are.

        Raises:
            AwsError: It is refused.
        """
        return self.result(call_of(service, operation, msgspec.json.encode(params)))

    def result(self, call: Call) -> Result:
        """The result of a call that nobody waits for at a connection.

        Raises:
            AwsError: It is refused.
        """
        result = self.answer(call)
        if isinstance(result, Pending):
            raise AwsError("InternalFailure", f"{call.operation} does not answer at once", status=500)
        return result
