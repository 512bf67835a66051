"""The stack as the page shows it everywhere: its name, and its map."""

from collections.abc import Iterable

import msgspec

from landfast.console.context import Context
from landfast.console.routes import Asked, Route
from landfast.template.graph import Node, graph_of
from landfast.template.picture import Row, rows_of


class Stack(msgspec.Struct, frozen=True):
    """A running stack.

    Attributes:
        name: The stack's name.
        region: The region it plays.
        endpoint: The one URL for all AWS calls.
        nodes: Its resources that events come from, go through or end in.
        rows: The rows of its map: a function each, from its sources to where its results and failures go.
        not_run: What of the template does not run here, in a line each.
    """

    name: str
    region: str
    endpoint: str
    nodes: tuple[Node, ...]
    rows: tuple[Row, ...]
    not_run: tuple[str, ...]


class StackPart:
    """Answers what the stack is."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/stack", self._stack)

    async def _stack(self, asked: Asked) -> Stack:
        del asked
        service = self._context.service
        graph = graph_of(service.template)
        return Stack(
            name=service.options.stack,
            region=service.options.region,
            endpoint=service.endpoint,
            nodes=graph.nodes,
            rows=tuple(rows_of(graph)),
            not_run=tuple(service.not_run),
        )
