"""Times to live of tables that have a stream: what is over is deleted, once, and its record says by whom."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from typing import Any

import pytest

from landfast.eventplane.passing import EngineAnswer, Head
from landfast.sources.time_to_live import over_at
from tests.eventplane.engine import KilledError, Moto, Passage, Tables
from tests.eventplane.world import START

HOUR = 3_600
SOON, LATER = START + 60, START + HOUR
KEY = {"id": {"S": "a"}}


def item(at: float | str, **more: Any) -> dict[str, Any]:
    return {**KEY, "t": {"N": str(at)}, **more}


@pytest.fixture(scope="module")
def _moto() -> Moto:
    return Moto()


@pytest.fixture
def tables(_moto: Moto) -> Tables:
    _moto.reset()
    made = Tables(_moto)
    made.make()
    return made


def limited(tables: Tables, attribute: str = "t", *, enabled: bool = True) -> Any:
    specification = {"Enabled": enabled, "AttributeName": attribute}
    return tables.call("UpdateTimeToLive", TableName="orders", TimeToLiveSpecification=specification)


def put(tables: Tables, at: float | str, **more: Any) -> None:
    assert tables.call("PutItem", TableName="orders", Item=item(at, **more)) == {}


def pass_by(tables: Tables, *spans: float, puts: Sequence[float] = (), kill_at: float = float("inf")) -> None:
    """Start the service, put items, and let one span of time after the other pass until everything is done."""

    async def passing() -> None:
        passage = Passage(tables, Head("POST", "/", {}), b"")
        await tables.writes.recover(passage.ask, passage.driver)
        for at in puts:
            await tables.calling("PutItem", TableName="orders", Item=item(at))
        passage.kill_at = passage.steps + kill_at
        for seconds in spans:
            tables.world.pass_by(seconds)
            await asyncio.sleep(0)  # until what was woken has begun
            await asyncio.gather(*(each for each in asyncio.all_tasks() if each is not asyncio.current_task()))
            assert tables.world.under_way == []

    asyncio.run(passing())


def removals(tables: Tables) -> list[tuple[Any, bool]]:
    """The keys of what was removed, and whether it was over."""
    records = tables.stream().shard.slice(0, 1_000)
    return [(record.keys, record.expired) for record in records if record.name == "REMOVE"]


def test_an_item_is_deleted_when_its_time_is_over_and_no_sooner(tables: Tables) -> None:
    limited(tables)
    put(tables, SOON)
    pass_by(tables, 59)
    assert removals(tables) == []
    pass_by(tables, 1)
    assert removals(tables) == [(KEY, True)]
    assert tables.call("Scan", TableName="orders")["Items"] == []


def test_what_is_written_while_the_service_runs_is_deleted_by_its_latest_time(tables: Tables) -> None:
    limited(tables)
    pass_by(tables, 60, puts=[SOON, LATER])
    assert removals(tables) == []
    pass_by(tables, 60, puts=[LATER, START + 120])
    assert removals(tables) == [(KEY, True)]


def test_what_was_there_before_the_time_to_live_is_deleted_as_well(tables: Tables) -> None:
    put(tables, START - 60)
    limited(tables)
    pass_by(tables, 0)
    assert removals(tables) == [(KEY, True)]


def test_what_was_there_before_the_stream_is_deleted_as_well(tables: Tables) -> None:
    tables.make("plain", view=None)
    specification = {"Enabled": True, "AttributeName": "t"}
    tables.call("UpdateTimeToLive", TableName="plain", TimeToLiveSpecification=specification)
    tables.call("PutItem", TableName="plain", Item=item(SOON))
    view = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    tables.call("UpdateTable", TableName="plain", StreamSpecification=view)
    pass_by(tables, 60)
    [record] = tables.stream("plain").shard.slice(0, 10)
    assert (record.name, record.expired) == ("REMOVE", True)


def test_an_item_whose_time_was_moved_lives_until_then(tables: Tables) -> None:
    limited(tables)
    put(tables, SOON)
    put(tables, LATER)
    pass_by(tables, 600)
    assert removals(tables) == []
    pass_by(tables, HOUR)
    assert removals(tables) == [(KEY, True)]


def test_a_deletion_by_somebody_else_is_theirs(tables: Tables) -> None:
    limited(tables)
    put(tables, SOON)
    tables.call("DeleteItem", TableName="orders", Key=KEY)
    pass_by(tables, HOUR)
    assert removals(tables) == [(KEY, False)]


def test_a_write_at_the_last_moment_wins(tables: Tables) -> None:
    limited(tables)
    put(tables, SOON)
    engine = tables.engine

    def hasty(operation: str, headers: Any, content: bytes) -> EngineAnswer:
        if operation == "DeleteItem":  # past the locks, as only another service's engine could be written to
            tables.engine = engine
            engine("PutItem", headers, json.dumps({"TableName": "orders", "Item": item(LATER)}).encode())
        return engine(operation, headers, content)

    tables.engine = hasty
    pass_by(tables, 60)
    assert [each["t"]["N"] for each in tables.call("Scan", TableName="orders")["Items"]] == [str(LATER)]
    assert removals(tables) == []


@pytest.mark.parametrize("end", ["disabled", "no stream", "no table"])
def test_nothing_is_deleted_any_more_once_it_is_not_asked_for(tables: Tables, end: str) -> None:
    limited(tables)
    put(tables, SOON)
    if end == "disabled":
        assert limited(tables, enabled=False) == {"TimeToLiveSpecification": {"Enabled": False, "AttributeName": "t"}}
    elif end == "no stream":
        tables.call("UpdateTable", TableName="orders", StreamSpecification={"StreamEnabled": False})
    else:
        tables.call("DeleteTable", TableName="orders")
        tables.make()
        put(tables, SOON)
    tables.asked_for.clear()
    pass_by(tables, HOUR)
    assert "DeleteItem" not in tables.asked_for


def test_an_engine_that_gives_no_answer_is_asked_again(tables: Tables) -> None:
    limited(tables)
    put(tables, SOON)
    engine = tables.engine

    def down(operation: str, headers: Any, content: bytes) -> EngineAnswer:
        if operation != "DeleteItem":
            return engine(operation, headers, content)
        tables.engine = engine
        return EngineAnswer(503, {}, b"")

    tables.engine = down
    pass_by(tables, 60, 0, 59)
    assert removals(tables) == []
    tables.engine = down
    pass_by(tables, 0, 59)
    assert removals(tables) == []
    tables.engine = down
    pass_by(tables, 0, 59, 1)
    assert removals(tables) == [(KEY, True)]


def test_an_item_that_is_over_when_the_endpoint_has_ended_is_deleted_after_the_next_start(tables: Tables) -> None:
    limited(tables)
    put(tables, SOON)
    pass_by(tables, 0)
    tables.world.pass_by(60)
    assert tables.world.under_way == []
    assert removals(tables) == []
    again = tables.restarted()
    pass_by(again, 0)
    assert removals(again) == [(KEY, True)]


@pytest.mark.parametrize("step", [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5])
def test_a_service_that_is_killed_meanwhile_makes_one_record_all_the_same(tables: Tables, step: float) -> None:
    limited(tables)
    put(tables, SOON)
    with contextlib.suppress(KilledError):
        pass_by(tables, 60, kill_at=step)
    again = tables.restarted()
    pass_by(again, 60)
    assert removals(again) == [(KEY, True)]


def test_a_time_to_live_is_told_and_kept(tables: Tables) -> None:
    def told(of: Tables) -> Any:
        return of.call("DescribeTimeToLive", TableName="orders")

    assert told(tables) == {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    assert limited(tables, enabled=False) == ("ValidationException", "TimeToLive is already disabled")
    limited(tables)
    enabled = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "t"}}
    assert told(tables) == enabled
    assert limited(tables) == ("ValidationException", "TimeToLive is already enabled")
    message = "TimeToLive is active on a different AttributeName: current AttributeName is t"
    assert limited(tables, "other") == ("ValidationException", message)
    assert told(tables.restarted()) == enabled
    assert "UpdateTimeToLive" not in tables.asked_for


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (
            {"TableName": "nowhere", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "t"}},
            "ResourceNotFound",
        ),
        ({"TableName": "orders"}, "ValidationException"),
        ({"TableName": "orders", "TimeToLiveSpecification": {"Enabled": True}}, "ValidationException"),
        ({"TableName": "orders", "TimeToLiveSpecification": {"Enabled": "x", "AttributeName": "t"}}, "Serialization"),
        ({"TableName": "orders", "TimeToLiveSpecification": 5}, "Serialization"),
    ],
    ids=str,
)
def test_a_time_to_live_that_cannot_be_is_refused(tables: Tables, params: dict[str, Any], code: str) -> None:
    assert tables.call("UpdateTimeToLive", **params)[0].startswith(code)


@pytest.mark.parametrize(
    "value",
    [{"S": str(SOON)}, {"N": "x"}, {"N": "NaN"}, {"N": "9e125"}, {"N": str(START - 6 * 365 * 86_400)}, {"NS": ["1"]}],
    ids=str,
)
def test_what_is_no_time_or_an_ancient_one_is_never_over(value: dict[str, Any]) -> None:
    assert over_at({**KEY, "t": value}, "t", START) is None
    assert over_at(KEY, "t", START) is None
