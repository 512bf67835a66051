"""Amazon SQS: its API (version 2012-11-05) before the queues.

Begin reading with `SqsApi.answer`. What concerns queues is done here, what concerns messages in `sqs_requests`, and
moves in `sqs_moves`. A queue is there as soon as it was made, and gone as soon as it was deleted.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from landfast.aws_errors import AwsError
from landfast.driver.polled_queue import PolledQueue
from landfast.eventplane import sqs_attributes
from landfast.eventplane.pages import page
from landfast.eventplane.plane import Pending, Result
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.sqs_answers import Peeked, peeked
from landfast.eventplane.sqs_errors import invalid, missing
from landfast.eventplane.sqs_moves import Moves
from landfast.eventplane.sqs_permissions import with_permission, without_permission
from landfast.eventplane.sqs_queues import Queue, Queues
from landfast.eventplane.sqs_requests import Requests
from landfast.protocols.call import Call
from landfast.sources.sent import Sent

_PAGE: Final = 1000

Operation: TypeAlias = Callable[[Call], Result | Pending]


class SqsApi:
    """Answers calls of SQS, and takes what other services send to a queue.

    Args:
        world: The world.
        account: The account, twelve digits.
        region: The region.
        url: Tells the endpoint's URL, which queues' URLs begin with.
        new_id: Makes unique ids.
    """

    service = "sqs"

    def __init__(
        self, world: PlaneWorld, account: str, region: str, url: Callable[[], str], new_id: Callable[[], str]
    ) -> None:
        self._account = account
        self._url = url
        self._queues = Queues(world, account, region, new_id)
        self._moves = Moves(world, self._queues, new_id)
        self._requests = Requests(world, self._queues, new_id)
        self._world = world
        self._operations: Mapping[str, Operation] = {
            "AddPermission": self._add_permission,
            "CreateQueue": self._create,
            "DeleteQueue": self._delete,
            "GetQueueAttributes": self._get_attributes,
            "GetQueueUrl": self._get_url,
            "ListDeadLetterSourceQueues": self._list_sources,
            "ListQueueTags": self._list_tags,
            "ListQueues": self._list,
            "PurgeQueue": self._purge,
            "RemovePermission": self._remove_permission,
            "SetQueueAttributes": self._set_attributes,
            "TagQueue": self._tag,
            "UntagQueue": self._untag,
            **self._requests.operations,
            **self._moves.operations,
        }

    def answer(self, call: Call) -> Result | Pending:
        """Do what a call asks for.

        Raises:
            AwsError: It is refused; nothing has changed.
        """
        operation = self._operations.get(call.operation)
        if operation is None:
            raise AwsError("UnsupportedOperation", f"{call.operation} is not available: the local SQS does without it.")
        return operation(call)

    def take(self, arn: str, sent: Sent) -> None:
        """Take what another service sends to a queue.

        Raises:
            AwsError: There is no such queue, or it does not take the message.
        """
        self._requests.take(arn, sent)

    def queue(self, arn: str) -> PolledQueue:
        """The queue with this ARN, to be read in process.

        Raises:
            AwsError: There is none.
        """
        return self._named(arn).polled

    @property
    def all(self) -> Queues:
        """The queues, to be looked at in process."""
        return self._queues

    def peek(self, arn: str, limit: int) -> Sequence[Peeked]:
        """The messages of a queue, visible, in flight and delayed, in the order of sending; looking changes nothing.

        Raises:
            AwsError: There is no such queue.
        """
        return self._requests.peek(self._named(arn), limit)

    def find(self, message_ids: Collection[str]) -> Iterator[tuple[str, Peeked]]:
        """Yield the messages with these ids, wherever they are, each with its queue's ARN; looking changes nothing."""
        now = self._world.now()
        for queue in self._queues:
            for message in queue.messages:
                if message.id in message_ids:
                    yield queue.arn, peeked(queue, message, now)

    def remove(self, arn: str, message_id: str) -> bool:
        """Take a message out of a queue, wherever it is in it; tell whether it was there.

        Raises:
            AwsError: There is no such queue.
        """
        queue = self._named(arn)
        message = next((message for message in queue.messages if message.id == message_id), None)
        if message is None:
            return False
        queue.messages.remove(message)
        queue.polled.changed()
        return True

    def levels(self) -> Iterator[tuple[str, int, int, int, float | None]]:
        """For each queue its name, how many messages are visible, in flight and delayed, and the oldest one's age."""
        now = self._world.now()
        for queue in self._queues:
            queue.polled.advance()
            messages = queue.messages
            oldest = min((message.sent_at for message in messages), default=None)
            visible = len(messages) - messages.in_flight - messages.delayed
            age = None if oldest is None else now - oldest
            yield queue.name, visible, messages.in_flight, messages.delayed, age

    def _named(self, arn: str) -> Queue:
        return self._queues.named(arn.rpartition(":")[2])

    def _at(self, call: Call) -> Queue:
        return self._queues.at(call.params["QueueUrl"])

    def _url_of(self, queue: Queue) -> str:
        return f"{self._url().rstrip('/')}/{self._account}/{queue.name}"

    def _create(self, call: Call) -> Result:
        params = call.params
        queue = self._queues.create(params["QueueName"], params.get("Attributes") or {}, params.get("tags") or {})
        return {"QueueUrl": self._url_of(queue)}

    def _delete(self, call: Call) -> Result:
        queue = self._at(call)
        self._moves.forget(queue)
        self._queues.delete(queue)
        return {}

    def _get_url(self, call: Call) -> Result:
        queue = self._queues.named(call.params["QueueName"], call.params.get("QueueOwnerAWSAccountId"))
        return {"QueueUrl": self._url_of(queue)}

    def _list(self, call: Call) -> Result:
        prefix = call.params.get("QueueNamePrefix", "")
        queues = [queue for queue in self._queues if queue.name.startswith(prefix)]
        return self._page(call, queues, "QueueUrls")

    def _list_sources(self, call: Call) -> Result:
        queues = self._queues.sources_of(self._at(call))
        return {"queueUrls": [], **self._page(call, queues, "queueUrls")}

    def _page(self, call: Call, queues: Sequence[Queue], name: str) -> Result:
        most, token = call.params.get("MaxResults"), call.params.get("NextToken")
        if most is not None and not 1 <= most <= _PAGE:
            raise invalid(
                "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000."
            )
        if token is not None and most is None:
            raise invalid("Value for parameter NextToken is invalid. Reason: MaxResults must be set with NextToken.")
        try:
            shown, following = page(queues, token, most or _PAGE)
        except ValueError:
            raise invalid("Invalid or expired next token.") from None
        result: dict[str, Any] = {name: [*map(self._url_of, shown)]} if shown else {}
        if following is not None and most is not None:
            result["NextToken"] = following
        return result

    def _get_attributes(self, call: Call) -> Result:
        queue = self._at(call)
        names = sqs_attributes.told(call.params.get("AttributeNames") or ())
        queue.polled.advance()
        messages = queue.messages
        visible = len(messages) - messages.in_flight - messages.delayed
        every: Mapping[str, str] = {
            **queue.settings.all,
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesDelayed": str(messages.delayed),
            "ApproximateNumberOfMessagesNotVisible": str(messages.in_flight),
            "CreatedTimestamp": str(int(queue.kept.created)),
            "LastModifiedTimestamp": str(int(queue.kept.modified)),
            "QueueArn": queue.arn,
        }
        shown = {name: value for name, value in every.items() if name in names}
        return {"Attributes": shown} if shown else {}

    def _set_attributes(self, call: Call) -> Result:
        self._queues.change(self._at(call), call.params["Attributes"])
        return {}

    def _purge(self, call: Call) -> Result:
        self._queues.purge(self._at(call))
        return {}

    def _tag(self, call: Call) -> Result:
        if not call.params["Tags"]:
            raise missing("Tags")
        self._queues.tag(self._at(call), call.params["Tags"])
        return {}

    def _untag(self, call: Call) -> Result:
        self._queues.untag(self._at(call), call.params["TagKeys"])
        return {}

    def _list_tags(self, call: Call) -> Result:
        tags = self._at(call).kept.tags
        return {"Tags": tags} if tags else {}

    def _add_permission(self, call: Call) -> Result:
        queue, params = self._at(call), call.params
        policy = with_permission(
            queue.settings.given.get("Policy"), queue.arn, params["Label"], params["AWSAccountIds"], params["Actions"]
        )
        self._queues.change(queue, {"Policy": policy})
        return {}

    def _remove_permission(self, call: Call) -> Result:
        queue = self._at(call)
        policy = without_permission(queue.settings.given.get("Policy"), queue.arn, call.params["Label"])
        self._queues.change(queue, {"Policy": policy})
        return {}
