"""What has gone over the edges of the map: how many events came from each source, and where their results went."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec

from landfast.console.context import Context
from landfast.console.index import Source
from landfast.console.routes import Asked, Route
from landfast.template.graph import graph_of


class Flow(msgspec.Struct, frozen=True):
    """What has gone over an edge of the map.

    Attributes:
        source: The logical id of what has sent.
        target: The logical id of what has got it.
        count: The number of events, or of records of results and failures.
    """

    source: str
    target: str
    count: int


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a function has, and has had, to do.

    Attributes:
        pending: Events that wait for it.
        running: Events that it is called with.
        invocations: Calls that have reached it.
        failures: Calls of these that have failed.
    """

    pending: int = 0
    running: int = 0
    invocations: int = 0
    failures: int = 0


class Traffic(msgspec.Struct, frozen=True):
    """What has gone over the edges of the map, and the load of each function by its logical id."""

    flows: Sequence[Flow]
    loads: Mapping[str, Load]


def traffic(
    sources: Mapping[str, Source],
    mappings: Mapping[str, tuple[str, str]],
    senders: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
) -> Traffic:
    """Tell what the journal's sources are on the map.

    Args:
        sources: The sources of the journal, by their names.
        mappings: Of each event source mapping, by its logical id, what it reads and what it calls.
        senders: The sources of each function's asynchronous events, by its logical id.
        names: The logical ids of resources, by their ARNs.
    """
    flows: Counter[tuple[str, str]] = Counter()
    loads: dict[str, Load] = {}
    for name, told in sources.items():
        read, function = mappings.get(name, ("", told.function or name.partition(":")[0]))
        come_from = [read] if read else senders.get(function, ())
        if len(come_from) == 1:  # of several senders, the journal does not say which one an event came from
            flows[come_from[0], function] += told.states.total()
        for target, count in told.deliveries.items():
            flows[function, names.get(target, target)] += count
        before = loads.get(function, Load())
        loads[function] = Load(
            pending=before.pending + told.states["pending"],
            running=before.running + told.states["running"],
            invocations=before.invocations + told.invocations,
            failures=before.failures + told.failures,
        )
    return Traffic([Flow(*ends, count) for ends, count in flows.items()], loads)


class TrafficPart:
    """Answers what has gone over the edges of the map."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/traffic", self._traffic)

    async def _traffic(self, asked: Asked) -> Traffic:
        del asked
        return await self._context.apart(partial(self._told, await self._context.counted()))

    def _told(self, sources: Mapping[str, Source]) -> Traffic:
        service = self._context.service
        graph = graph_of(service.template)
        mappings = {
            name: (mapping.source, mapping.function) for name, mapping in service.template.event_source_mappings.items()
        }
        read = set(mappings.values())
        senders: dict[str, list[str]] = {}
        for edge in graph.edges:
            if edge.kind != "failure" and (edge.source, edge.target) not in read:
                senders.setdefault(edge.target, []).append(edge.source)
        names = {resource.arn: resource.logical_id for resource in service.running.resources}
        return traffic(sources, mappings, senders, names)
