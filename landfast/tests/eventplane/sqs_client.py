"""SQS as a client sees it: by its protocol, both ways, without a socket."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.eventplane import EventPlane, Pending, Router, SqsApi
from landfast.protocols import Request
from tests.eventplane.world import PlaneInMemory, ids

ACCOUNT = "123456789012"
REGION = "eu-west-1"
URL = "http://127.0.0.1:4566"


def arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def url(name: str) -> str:
    return f"{URL}/{ACCOUNT}/{name}"


class Sqs:
    """One run of the service."""

    def __init__(self, world: PlaneInMemory | None = None, new_id: Callable[[], str] | None = None) -> None:
        self.world = world or PlaneInMemory()
        self.new_id = new_id or ids()
        self.api = SqsApi(self.world, ACCOUNT, REGION, lambda: URL, self.new_id)
        self.plane = EventPlane()
        self.plane.add(self.api)
        self.router = Router()
        self.router.add("sqs", self.api)

    def restarted(self) -> "Sqs":
        """The next run, after the process was killed."""
        return Sqs(self.world.restarted(), self.new_id)

    def ask(self, operation: str, /, trace: str = "", **params: Any) -> Any:
        """The answer of a call; a `Pending` of a long poll."""
        content = msgspec.json.encode(params)
        headers = {b"x-amz-target": f"AmazonSQS.{operation}".encode(), b"x-amzn-trace-id": trace.encode()}
        return self.plane.answer(
            protocols.read(Request("POST", "/", headers, content, len(content)), "sqs", "request-1")
        )

    def refusal(self, operation: str, /, **params: Any) -> tuple[str, str]:
        """The code and the text of an error."""
        with pytest.raises(AwsError) as caught:
            self.ask(operation, **params)
        return caught.value.code, caught.value.message

    def create(self, name: str = "q", **attributes: object) -> str:
        """Make a queue; its URL."""
        if name.endswith(".fifo"):
            attributes = {"FifoQueue": "true", **attributes}
        texts = {
            key: value if isinstance(value, str) else msgspec.json.encode(value).decode()
            for key, value in attributes.items()
        }
        made: str = self.ask("CreateQueue", QueueName=name, Attributes=texts)["QueueUrl"]
        return made

    def send(self, body: str = "{}", name: str = "q", **params: Any) -> Any:
        return self.ask("SendMessage", QueueUrl=url(name), MessageBody=body, **params)

    def receive(self, name: str = "q", most: int = 10, **params: Any) -> list[dict[str, Any]]:
        """What a receive brings at once, with all attributes."""
        params = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"], **params}
        answer = self.ask("ReceiveMessage", QueueUrl=url(name), MaxNumberOfMessages=most, **params)
        assert not isinstance(answer, Pending)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def poll(self, name: str = "q", wait: int = 20, **params: Any) -> tuple[Pending, list[Any]]:
        """A long poll that has to wait, and where its answer comes."""
        pending = self.ask("ReceiveMessage", QueueUrl=url(name), WaitTimeSeconds=wait, **params)
        assert isinstance(pending, Pending)
        answers: list[Any] = []
        pending.then(answers.append)
        return pending, answers

    def bodies(self, name: str = "q", **params: Any) -> list[str]:
        return [message["Body"] for message in self.receive(name, **params)]

    def delete(self, message: Mapping[str, Any], name: str = "q") -> Any:
        return self.ask("DeleteMessage", QueueUrl=url(name), ReceiptHandle=message["ReceiptHandle"])

    def attributes(self, name: str = "q", *names: str) -> dict[str, str]:
        answer = self.ask("GetQueueAttributes", QueueUrl=url(name), AttributeNames=[*names] or ["All"])
        found: dict[str, str] = answer.get("Attributes", {})
        return found

    def counts(self, name: str = "q") -> tuple[int, int, int]:
        """How many messages are visible, in flight and delayed."""
        shown = self.attributes(name)
        first, *others = ("", "NotVisible", "Delayed")
        return (
            int(shown[f"ApproximateNumberOfMessages{first}"]),
            *(int(shown[f"ApproximateNumberOfMessages{other}"]) for other in others),
        )  # type: ignore[return-value] # three of them

    def set(self, name: str = "q", **attributes: str) -> None:
        self.ask("SetQueueAttributes", QueueUrl=url(name), Attributes=attributes)
