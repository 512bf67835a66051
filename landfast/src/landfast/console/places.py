"""The places that an event goes through between two functions: what it came from, by the template's graph."""

from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from landfast.service.state import Resource
from landfast.template import Template
from landfast.template.graph import DEFAULT_BUS, Graph, graph_of


class Step(Struct, frozen=True):
    """A place on the way.

    Attributes:
        kind: The kind of resource; ``destination`` for a function's result, ``api`` for a call of Lambda's API, and
            empty for what is none of these.
        name: The logical id, or the name if the template has none.
        note: What tells more of it: the key of an object, the name of a rule.
    """

    kind: str
    name: str
    note: str = ""


class Places:
    """Finds the places of a stack by what the journal calls them.

    Args:
        template: The template.
        resources: Its resources, as they are called at the endpoint.
    """

    def __init__(self, template: Template, resources: Iterable[Resource]) -> None:
        self._graph: Graph = graph_of(template)
        self._template = template
        resources = list(resources)
        self._by_arn = {each.arn: each for each in resources}
        self._by_name = {(each.kind, each.name): each for each in resources}
        self._kinds = {node.name: node.kind for node in self._graph.nodes}

    def of_arn(self, arn: str) -> Step | None:
        """The resource of an ARN, of a table's stream or of a qualified function, too; None if it is none of these."""
        found = self._by_arn.get(arn) or self._by_arn.get(arn.partition("/stream/")[0])
        found = found or self._by_arn.get(arn.rpartition(":")[0])
        return Step(found.kind, found.logical_id) if found else None

    def steps(self, origin: str, maker: str) -> tuple[Step, ...]:
        """The places between the function that has made a record and the source that reads it.

        Args:
            origin: The origin of the record, as the journal has it.
            maker: The logical id of the function; empty if none has made it.
        """
        known = self._origin(origin)
        return self.to(known, maker) if known else ()

    def to(self, place: Step, maker: str) -> tuple[Step, ...]:
        """The places from a function, if one has made a record, to one place that it has come to."""
        return (*self._between(maker, place.name), place) if maker else (place,)

    def _origin(self, origin: str) -> Step | None:
        if origin.startswith("s3://"):
            bucket, _, key = origin.removeprefix("s3://").partition("/")
            found = self._by_name.get(("bucket", bucket))
            return Step("bucket", found.logical_id if found else bucket, key)
        if origin.startswith("rule "):
            name = origin.removeprefix("rule ")
            return Step("bus", self._bus(name), name)
        if origin == "invoke":
            return Step("api", "Invoke")
        if origin.partition(":")[0] in self._template.functions:
            return Step("destination", origin.partition(":")[0])
        return self.of_arn(origin) or (Step("", origin) if origin else None)

    def _bus(self, rule: str) -> str:
        """The bus of a rule."""
        names = [each.event_bus_name for each in self._template.rules.values() if each.name == rule]
        buses = {bus.name: bus.logical_id for bus in self._template.event_buses.values()}
        return buses.get(names[0], DEFAULT_BUS) if names else DEFAULT_BUS

    def _between(self, maker: str, place: str) -> tuple[Step, ...]:
        """What lies between a function and a place that it may have reached through others, such as a topic."""
        ways: deque[tuple[str, ...]] = deque([(maker,)])
        seen = {maker}
        while ways:
            way = ways.popleft()
            for edge in self._graph.edges:
                if edge.source != way[-1] or edge.target in seen:
                    continue
                if edge.target == place:
                    return tuple(Step(self._kinds[name], name) for name in way[1:])
                seen.add(edge.target)
                if self._kinds.get(edge.target) != "function":
                    ways.append((*way, edge.target))
        return ()
