"""What the page's form for sending an event asks: where events can go, the project's samples, and to send one."""

from collections.abc import Iterable
from http import HTTPStatus

import msgspec

from landfast.console.context import Context
from landfast.console.routes import Asked, Problem, Route
from landfast.console.samples import Sample, samples
from landfast.console.sending import Sending, SendingError, Sent, send
from landfast.service.state import ServiceError
from landfast.template import Template
from landfast.template.graph import NodeKind, graph_of


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Something that events can be sent to.

    Attributes:
        kind: The kind of resource.
        name: The logical id.
        noun: AWS's noun for it.
        fifo: True if it is a FIFO queue or topic.
        needs_deduplication_id: True if a message of it must have one.
        feeds: True if what it gets reaches a function.
    """

    kind: NodeKind
    name: str
    noun: str
    fifo: bool
    needs_deduplication_id: bool
    feeds: bool


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the form needs.

    Attributes:
        destinations: What events can be sent to, in the template's order by kind.
        samples: The project's samples.
    """

    destinations: tuple[Destination, ...]
    samples: tuple[Sample, ...]


class SendPart:
    """Sends events."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/send", self._form)
        yield Route("POST", "/send", self._send)

    async def _form(self, asked: Asked) -> Form:
        del asked
        template = self._context.service.template
        found = await self._context.apart(lambda: samples(template))
        return Form(destinations=tuple(destinations(template)), samples=tuple(found))

    async def _send(self, asked: Asked) -> Sent:
        sending: Sending = asked.read(Sending)  # type: ignore[arg-type] # a union is no class to mypy
        service = self._context.service
        try:
            return await self._context.apart(lambda: send(sending, service.running, self._context.clients))
        except (SendingError, ServiceError) as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None


def destinations(template: Template) -> Iterable[Destination]:
    """What events of a stack can be sent to."""
    graph = graph_of(template)
    feeding = {edge.source for edge in graph.edges if edge.kind == "event"}
    for node in graph.nodes:
        queue, topic = template.queues.get(node.name), template.topics.get(node.name)
        fifo = bool(queue and queue.fifo_queue) or bool(topic and topic.fifo_topic)
        by_content = bool(queue and queue.content_based_deduplication) or bool(
            topic and topic.content_based_deduplication
        )
        yield Destination(
            kind=node.kind,
            name=node.name,
            noun=node.noun,
            fifo=fifo,
            needs_deduplication_id=fifo and not by_content,
            feeds=node.kind == "function" or node.name in feeding,
        )
