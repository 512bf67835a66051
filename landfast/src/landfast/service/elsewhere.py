"""Functions that do not run here: what is sent to one is kept in a queue, with the reason."""

from landfast.eventplane import SqsApi
from landfast.journal import Delivered
from landfast.service.asynchronous import AsynchronousQueues
from landfast.service.loop import Loop
from landfast.sources.sent import Sent
from landfast.template import Template
from landfast.template.names import function_reference


class FunctionsElsewhere:
    """Hands events on to the functions that run here, and keeps those of the others.

    Args:
        loop: The thread of the machines.
        template: Tells which functions have such a queue.
        functions: Takes the events of functions that run here.
        queues: All queues.
    """

    def __init__(self, loop: Loop, template: Template, functions: AsynchronousQueues, queues: SqsApi) -> None:
        self._loop = loop
        self._kept = {arn.rpartition(":")[2]: queue for arn, queue in template.functions_outside.items()}
        self._functions = functions
        self._queues = queues

    def take(self, arn: str, sent: Sent) -> None:
        """Take what another service sends to a function; in the driver's thread.

        Raises:
            AwsError: There is no such function, or the event is too large.
        """
        if self.knows(arn):
            self._keep(arn, sent)
        else:
            self._functions.take(arn, sent)

    def knows(self, reference: str) -> bool:
        """Tell whether a name or an ARN is of such a function."""
        return _name(reference) in self._kept

    def keep(self, reference: str, payload: bytes, trace: str) -> None:
        """Keep the event of a call; when this returns, it is on disk. From any thread.

        Raises:
            AwsError: The event is larger than a queue takes.
        """
        self._loop.ask(lambda: self._keep(reference, Sent(body=payload.decode(), trace=trace, origin="invoke")))

    def _keep(self, reference: str, sent: Sent) -> None:
        name = _name(reference)
        queue, origin = self._kept[name], sent.origin or "another service"
        told = {"Function": name, "Origin": origin, "Reason": "It does not run here"}
        attributes = {key: {"DataType": "String", "StringValue": text} for key, text in told.items()}
        self._queues.take(queue, Sent(body=sent.body, attributes=attributes, trace=sent.trace, origin=origin))
        note = Delivered(
            at=self._loop.clock.now(),
            source=f"function {name}",
            kind="sqs",
            target=queue,
            body={"body": sent.body, "attributes": attributes},
            rule="it does not run here",
        )
        self._loop.turn.add([note])


def _name(reference: str) -> str:
    found = function_reference(reference)
    return found[0] if found else ""
