"""The two versions of a story: as the simulator tells it, and as the running service has lived it."""

from landfast.delivery.event_sources import AsynchronousSource
from landfast.simulate.run import identifiers, simulate
from landfast.simulate.scenario import Queue
from landfast.simulate.world import FUNCTION_ARN, source_arn
from tests.faithful.stage import Played, number
from tests.faithful.story import Names, Story, tell


def simulated(played: Played) -> Story:
    """What the simulator says."""
    scenario = played.scenario
    _, entries = simulate(scenario)
    texts = {FUNCTION_ARN: "<function>", "async/scenario/": "async/<name>/"}
    known = identifiers(scenario)
    named = {record.id: known(record.id) for record in scenario.source.all()}
    match scenario.source.declared:
        case AsynchronousSource():
            named = {}
        case source:
            queue = scenario.source.queue
            texts[source_arn(source, fifo=isinstance(queue, Queue) and queue.FifoQueue)] = "<source>"
    names = Names(
        scenario=scenario,
        records=str,
        identifiers=named,
        texts=texts | ({"shardId-000000000000": "<shard>"} if played.door == "dynamodb" else {}),
        shards=lambda shard: None if shard is None else int(shard),
        exact_payload=played.door == "invoke",
    )
    return tell(entries, names)


def lived(played: Played) -> Story:
    """What really happened."""
    texts = {played.arns["function"]: "<function>", f"async/{played.function}/": "async/<name>/"}
    if "source" in played.arns:
        texts[played.arns["source"]] = "<source>"
    if played.door == "dynamodb":
        shards = {str(shard) for entry in played.entries if (shard := getattr(entry, "shard", None)) is not None}
        assert len(shards) == 1, f"the table's stream has one shard: {shards}"
        texts |= dict.fromkeys(shards, "<shard>")
    names = Names(
        scenario=played.scenario,
        records=played.names.__getitem__,
        identifiers={} if isinstance(played.scenario.source.declared, AsynchronousSource) else played.identifiers,
        texts=texts,
        shards=lambda shard: None if shard is None else 0 if played.door == "dynamodb" else number(str(shard)),
        exact_payload=played.door == "invoke",
    )
    return tell(played.entries, names)
