"""S-141: a table's stream has one record for each item that a call has really changed; with moto behind."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landfast.eventplane.passing import EngineAnswer, Head
from landfast.sources.table_changes import is_same
from tests.eventplane.engine import SCOPE, KilledError, Moto, Passage, Tables

OLD: dict[str, Any] = {"id": {"S": "old"}, "n": {"N": "1"}, "tags": {"SS": ["a", "b"]}}
OTHER = {"id": {"S": "other"}, "n": {"N": "5"}}
NEW = {"id": {"S": "new"}, "n": {"N": "1"}}
GREATER = {**OLD, "n": {"N": "2"}}
KEY, NEW_KEY, MISSING = {"id": OLD["id"]}, {"id": NEW["id"]}, {"id": {"S": "missing"}}
NOT_THERE = {"ConditionExpression": "attribute_not_exists(id)"}
THERE = {"ConditionExpression": "attribute_exists(id)"}
SET_TWO = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "2"}}}
SET_ONE = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}

INSERTED, CHANGED, REMOVED = ("INSERT", None, NEW), ("MODIFY", OLD, GREATER), ("REMOVE", OTHER, None)


@pytest.fixture(scope="module")
def _moto() -> Moto:
    return Moto()


@pytest.fixture
def moto(_moto: Moto) -> Moto:
    _moto.reset()
    return _moto


@pytest.fixture
def tables(moto: Moto) -> Tables:
    made = Tables(moto)
    made.make()
    for item in (OLD, OTHER):
        made.call("PutItem", TableName="orders", Item=item)
    stream = made.stream()
    stream.shard.let_go(stream.shard.end, "only what comes is of interest")
    return made


def one(**params: Any) -> dict[str, Any]:
    return {"TableName": "orders", **params}


def actions(*given: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"TransactItems": [{kind: one(**params)} for kind, params in given]}


def statement(text: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    """A statement, in the PartiQL that moto knows."""
    return {"Statement": text, **({"Parameters": list(parameters)} if parameters else {})}


INSERT = statement("INSERT INTO orders VALUE {'id': 'new', 'n': 1}")
UPDATE = statement('UPDATE "orders" SET n=? WHERE id=?', {"N": "2"}, OLD["id"])
DELETE = statement("DELETE FROM orders WHERE id = 'other'")


CASES: list[tuple[str, str, dict[str, Any], list[Any]]] = [
    ("makes", "PutItem", one(Item=NEW), [INSERTED]),
    ("replaces", "PutItem", one(Item=GREATER), [CHANGED]),
    ("is as it was", "PutItem", one(Item=OLD), []),
    ("has its set in another order", "PutItem", one(Item={**OLD, "tags": {"SS": ["b", "a"]}}), []),
    ("fails its condition", "PutItem", one(Item=GREATER, **NOT_THERE), []),
    ("has no key", "PutItem", one(Item={"n": {"N": "1"}}), []),
    ("makes", "UpdateItem", one(Key=NEW_KEY, **SET_ONE), [INSERTED]),
    ("changes", "UpdateItem", one(Key=KEY, **SET_TWO), [CHANGED]),
    ("sets what is set", "UpdateItem", one(Key=KEY, **SET_ONE), []),
    ("fails its condition", "UpdateItem", one(Key=KEY, **SET_TWO, **NOT_THERE), []),
    ("is of another type of key", "UpdateItem", one(Key={"id": {"N": "1"}}, **SET_TWO), []),
    ("removes", "DeleteItem", one(Key={"id": OTHER["id"]}), [REMOVED]),
    ("finds nothing", "DeleteItem", one(Key=MISSING), []),
    ("fails its condition", "DeleteItem", one(Key=KEY, **NOT_THERE), []),
    (
        "writes several",
        "BatchWriteItem",
        {
            "RequestItems": {
                "orders": [
                    {"PutRequest": {"Item": NEW}},
                    {"PutRequest": {"Item": OLD}},
                    {"DeleteRequest": {"Key": {"id": OTHER["id"]}}},
                    {"DeleteRequest": {"Key": MISSING}},
                ]
            }
        },
        [INSERTED, REMOVED],
    ),
    (
        "commits",
        "TransactWriteItems",
        actions(
            ("Put", {"Item": NEW}),
            ("Update", {"Key": KEY, **SET_TWO}),
            ("Delete", {"Key": {"id": OTHER["id"]}}),
            ("ConditionCheck", {"Key": MISSING, **NOT_THERE}),
        ),
        [INSERTED, CHANGED, REMOVED],
    ),
    (
        "is cancelled",
        "TransactWriteItems",
        actions(("Update", {"Key": KEY, **SET_TWO}), ("Put", {"Item": NEW, **THERE})),
        [],
    ),
    (
        "is cancelled by a check",
        "TransactWriteItems",
        actions(("Put", {"Item": NEW}), ("ConditionCheck", {"Key": KEY, **NOT_THERE})),
        [],
    ),
    ("inserts", "ExecuteStatement", INSERT, [INSERTED]),
    ("updates", "ExecuteStatement", UPDATE, [CHANGED]),
    ("deletes", "ExecuteStatement", DELETE, [REMOVED]),
    ("selects", "ExecuteStatement", statement("SELECT * FROM orders WHERE id = 'old'"), []),
    ("finds nothing", "ExecuteStatement", statement("DELETE FROM orders WHERE id = 'missing'"), []),
    ("cannot be read", "ExecuteStatement", statement("DELETE FROM orders WHERE (id = 'other')"), []),
    ("writes several", "BatchExecuteStatement", {"Statements": [INSERT, UPDATE]}, [INSERTED, CHANGED]),
    ("commits", "ExecuteTransaction", {"TransactStatements": [INSERT, UPDATE, DELETE]}, [INSERTED, CHANGED, REMOVED]),
    ("says nothing", "PutItem", {}, []),
    ("is no list", "TransactWriteItems", {"TransactItems": 7}, []),
    ("is about a table that is not there", "PutItem", {"TableName": "nowhere", "Item": NEW}, []),
]


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [pytest.param(*case[1:], id=f"{case[1]} {case[0]}") for case in CASES],
)
def test_s_141_one_record_for_each_item_that_a_call_has_changed(
    tables: Tables, operation: str, params: dict[str, Any], expected: list[Any]
) -> None:
    tables.call(operation, **params)
    assert tables.records() == expected
    assert [key for key in tables.world.kept if key[0] == "table writes"] == []


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [pytest.param(*case[1:], id=f"{case[1]} {case[0]}") for case in CASES if case[3]],
)
def test_s_141_a_service_that_is_killed_at_any_step_makes_the_records_at_its_next_start(
    moto: Moto, operation: str, params: dict[str, Any], expected: list[Any]
) -> None:
    killed_after_write = 0
    for half_step in range(2, 40):
        tables = Tables(moto)
        tables.make()
        for item in (OLD, OTHER):
            tables.call("PutItem", TableName="orders", Item=item)
        before = len(tables.records())
        try:
            tables.call(operation, kill_at=half_step / 2, **params)
            finished = True
        except KilledError:
            finished = False
        tables = tables.restarted()
        found = [*tables.call("Scan", TableName="orders")["Items"]]
        written = found != [OLD, OTHER]
        assert tables.records()[before:] == (expected if written else [])
        killed_after_write += written and not finished
        tables.call("DeleteTable", TableName="orders")
        if finished:
            break
    else:
        pytest.fail("the call has more steps than this test takes")
    assert killed_after_write >= 2


def test_s_141_what_is_written_by_many_at_once_is_told_in_commit_order(tables: Tables) -> None:
    counter = {"id": {"S": "counter"}}
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}

    async def write() -> None:
        calls = [
            tables.calling("UpdateItem", **one(Key=counter, **add))
            if number % 3
            else tables.calling("TransactWriteItems", **actions(("Update", {"Key": counter, **add})))
            for number in range(20)
        ]
        await asyncio.gather(*calls)

    asyncio.run(write())
    images = [None, *({**counter, "n": {"N": str(number)}} for number in range(1, 21))]
    told = [("MODIFY" if old else "INSERT", old, new) for old, new in pairwise(images)]
    assert tables.records() == told


def test_s_141_a_transaction_on_two_tables_leaves_a_record_in_the_stream_of_each(tables: Tables) -> None:
    tables.make("second")
    tables.make("without", view=None)
    puts = [{"Put": {"TableName": table, "Item": NEW}} for table in ("orders", "second", "without")]
    tables.call("TransactWriteItems", TransactItems=puts)
    assert tables.records("orders") == tables.records("second") == [INSERTED]
    for table in ("second", "without"):
        tables.call("DeleteTable", TableName=table)


def test_s_141_a_key_of_two_attributes_is_read_from_every_kind_of_call(moto: Moto) -> None:
    tables = Tables(moto)
    tables.make("pairs", p="S", s="N")
    key = {"p": {"S": "it's"}, "s": {"N": "7"}}
    tables.call("PutItem", TableName="pairs", Item={**key, "x": {"S": "a, b = 'c'"}})
    update = statement("UPDATE pairs SET x = ? WHERE s = ? AND p = ?", {"S": "y"}, key["s"], key["p"])
    tables.call("ExecuteStatement", **update)
    tables.call("UpdateItem", TableName="pairs", Key=key, UpdateExpression="REMOVE x")
    tables.call("TransactWriteItems", TransactItems=[{"Delete": {"TableName": "pairs", "Key": key}}])
    assert [(name, (new or {}).get("x")) for name, _, new in tables.records("pairs")] == [
        ("INSERT", {"S": "a, b = 'c'"}),
        ("MODIFY", {"S": "y"}),
        ("MODIFY", None),
        ("REMOVE", None),
    ]
    assert "Scan" not in tables.asked_for
    tables.call("DeleteTable", TableName="pairs")


@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"])
def test_a_stream_is_told_by_the_answers_of_the_table_operations(moto: Moto, view: str) -> None:
    tables = Tables(moto)
    tables.make("told", view)
    described = tables.call("DescribeTable", TableName="told")["Table"]
    specification = {"StreamEnabled": True, "StreamViewType": view}
    stream = tables.stream("told")
    assert described["StreamSpecification"] == specification
    assert described["LatestStreamArn"] == f"{described['TableArn']}/stream/{described['LatestStreamLabel']}"
    assert described["LatestStreamArn"] == stream.arn
    again = tables.call("UpdateTable", TableName="told", StreamSpecification=specification)
    assert again[0] == "ValidationException"
    off = tables.call("UpdateTable", TableName="told", StreamSpecification={"StreamEnabled": False})
    assert "StreamSpecification" not in off["TableDescription"]
    assert off["TableDescription"]["LatestStreamArn"] == stream.arn
    tables.call("PutItem", TableName="told", Item=NEW)
    assert (len(stream.shard), stream.is_enabled) == (0, False)
    on = tables.call("UpdateTable", TableName="told", StreamSpecification=specification)["TableDescription"]
    assert on["LatestStreamArn"] != stream.arn
    tables.call("PutItem", TableName="told", Item=GREATER)
    assert len(tables.records("told")) == 1
    gone = tables.call("DeleteTable", TableName="told")["TableDescription"]
    assert gone["LatestStreamArn"] == on["LatestStreamArn"]
    assert tables.api.streams.of_table("told") is None
    assert not any(stream.is_enabled for stream in tables.api.streams.by_arn.values())


def test_the_engine_never_hears_of_a_stream(moto: Moto) -> None:
    tables = Tables(moto)
    tables.make("quiet")
    answer = moto("DescribeTable", {"authorization": SCOPE}, json.dumps({"TableName": "quiet"}).encode())
    assert "LatestStreamArn" not in json.loads(answer.content)["Table"]
    tables.call("DeleteTable", TableName="quiet")


@pytest.mark.parametrize(
    "specification",
    [{}, {"StreamEnabled": True}, {"StreamEnabled": True, "StreamViewType": "ALL"}, {"StreamViewType": "NEW_IMAGE"}],
)
def test_a_specification_that_aws_would_refuse_makes_no_table(moto: Moto, specification: dict[str, Any]) -> None:
    tables = Tables(moto)
    refused = tables.call(
        "CreateTable",
        TableName="wrong",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=specification,
    )
    assert refused[0] == "ValidationException"
    assert tables.call("DescribeTable", TableName="wrong")[0] == "ResourceNotFoundException"


def test_only_writes_and_table_operations_of_the_region_concern(moto: Moto) -> None:
    tables = Tables(moto)

    def concerns(operation: str, scope: str = SCOPE) -> bool:
        head = Head("POST", "/", {"x-amz-target": f"DynamoDB_20120810.{operation}", "authorization": scope})
        return tables.writes.concerns(head)

    assert [concerns(one) for one in ("CreateTable", "PutItem", "GetItem")] == [True, True, False]
    assert not concerns("PutItem", SCOPE.replace("us-east-1", "eu-west-1"))
    assert not tables.writes.concerns(Head("PUT", "/bucket/key", {}))


class Silent:
    """An engine that does what it is asked and then does not answer, as often as it is told to.

    Attributes:
        engine: Does it.
        silent: How often not to answer, by the operation.
    """

    def __init__(self, engine: Moto) -> None:
        self.engine = engine
        self.silent: dict[str, int] = {}

    def __call__(self, operation: str, headers: Any, content: bytes) -> EngineAnswer:
        answer = self.engine(operation, headers, content)
        if self.silent.get(operation):
            self.silent[operation] -= 1
            raise ConnectionResetError(operation)
        return answer


def test_s_141_a_write_whose_answer_was_lost_is_told_all_the_same(moto: Moto) -> None:
    engine = Silent(moto)
    tables = Tables(engine)
    tables.make("lost")
    engine.silent = {"PutItem": 1}
    with pytest.raises(ConnectionResetError):
        tables.call("PutItem", TableName="lost", Item=NEW)
    assert tables.records("lost") == [INSERTED]
    tables.call("DeleteTable", TableName="lost")


def test_s_141_what_could_not_be_read_again_is_told_before_the_next_write(moto: Moto) -> None:
    engine = Silent(moto)
    tables = Tables(engine)
    tables.make("later")

    def lose_reads_after_the_write(operation: str, headers: Any, content: bytes) -> EngineAnswer:
        if operation == "PutItem":
            engine.silent = {"BatchGetItem": 1}
        return engine(operation, headers, content)

    tables.engine = lose_reads_after_the_write
    with pytest.raises(ConnectionResetError):
        tables.call("PutItem", TableName="later", Item=NEW)
    assert tables.records("later") == []
    tables.engine = engine
    tables.call("PutItem", TableName="later", Item={**NEW, "n": {"N": "2"}})
    assert [name for name, _, _ in tables.records("later")] == ["INSERT", "MODIFY"]
    tables.call("DeleteTable", TableName="later")


_names = st.sampled_from("abc")
_values = st.sampled_from(["1", "2", "2.0"])


def _put(name: str, value: str) -> tuple[str, dict[str, Any]]:
    return "Put", {"Item": {"id": {"S": name}, "n": {"N": value}}}


def _transactions(given: list[tuple[str, dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
    return "TransactWriteItems", actions(*given)


def _statement(text: str, *parameters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "ExecuteStatement", statement(text, *parameters)


_conditions: st.SearchStrategy[dict[str, Any]] = st.sampled_from([{}, {}, THERE, NOT_THERE])
_parts = st.one_of(
    st.builds(
        lambda name, value, condition: ("Put", {**_put(name, value)[1], **condition}), _names, _values, _conditions
    ),
    st.builds(lambda name, condition: ("Delete", {"Key": {"id": {"S": name}}, **condition}), _names, _conditions),
    st.builds(
        lambda name, condition: ("Update", {"Key": {"id": {"S": name}}, **SET_TWO, **condition}), _names, _conditions
    ),
)
_calls = st.one_of(
    _parts.map(lambda part: (f"{part[0]}Item", one(**part[1]))),
    st.lists(_parts, min_size=1, max_size=3).map(_transactions),
    st.builds(lambda name: _statement("DELETE FROM orders WHERE id = ?", {"S": name}), _names),
    st.builds(lambda name: _statement("UPDATE orders SET n=? WHERE id=?", {"N": "3"}, {"S": name}), _names),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_calls, max_size=12))
def test_s_141_whoever_follows_the_stream_has_the_table(moto: Moto, calls: list[tuple[str, dict[str, Any]]]) -> None:
    tables = Tables(moto)
    tables.make()
    try:
        copy: dict[str, Any] = {}
        done = 0
        for operation, params in calls:
            tables.call(operation, **params)
            records = tables.records()
            for name, old, new in records[done:]:
                [key] = {image["id"]["S"] for image in (old, new) if image is not None}
                assert is_same(copy.get(key), old)
                assert (name == "INSERT", name == "REMOVE") == (old is None, new is None)
                copy.pop(key, None)
                copy |= {} if new is None else {key: new}
            done = len(records)
            there = {item["id"]["S"]: item for item in tables.call("Scan", TableName="orders")["Items"]}
            assert there.keys() == copy.keys()
            assert all(is_same(there[key], copy[key]) for key in there)
        sequences = [
            int(tables.stream().shard.sequence_of(record.index)) for record in tables.stream().shard.slice(0, 99)
        ]
        assert sequences == sorted(set(sequences))
    finally:
        tables.call("DeleteTable", TableName="orders")


def test_a_client_that_goes_away_leaves_a_record_of_what_it_has_done(tables: Tables) -> None:
    async def go_away() -> None:
        calling = asyncio.ensure_future(tables.calling("PutItem", **one(Item=NEW)))
        for _ in range(4):  # until the engine is about to be asked to read
            await asyncio.sleep(0)
        calling.cancel()
        for _ in range(20):
            await asyncio.sleep(0)
        assert calling.cancelled()

    asyncio.run(go_away())
    assert tables.records() == [INSERTED]


def test_s_141_a_key_that_the_engine_writes_otherwise_is_found_again() -> None:
    """An engine may give the number 7.0 back as 7, as AWS does."""
    items: dict[float, Any] = {}

    def engine(operation: str, headers: Any, content: bytes) -> EngineAnswer:
        del headers
        params = json.loads(content)
        match operation:
            case "CreateTable":
                result: Any = {"TableDescription": params}
            case "PutItem":
                number = float(params["Item"]["n"]["N"])
                items[number] = {**params["Item"], "n": {"N": f"{number:g}"}}
                result = {}
            case _:
                wanted = [float(key["n"]["N"]) for key in params["RequestItems"]["numbers"]["Keys"]]
                result = {"Responses": {"numbers": [items[number] for number in wanted if number in items]}}
        return EngineAnswer(
            200, {"x-amz-crc32": "0"} if operation == "CreateTable" else {}, json.dumps(result).encode()
        )

    tables = Tables(engine)
    tables.make("numbers", n="N")
    for value, written in (("a", "7.0"), ("b", "7"), ("b", "07")):
        tables.call("PutItem", TableName="numbers", Item={"n": {"N": written}, "v": {"S": value}})
    told = [{"n": {"N": "7"}, "v": {"S": value}} for value in "ab"]
    assert tables.records("numbers") == [("INSERT", None, told[0]), ("MODIFY", told[0], told[1])]


@pytest.mark.parametrize("number", ["7", "7.0", "07", "7E0", "+7"])
def test_s_141_a_number_reaches_the_engine_as_dynamodb_keeps_it(number: str) -> None:
    written: list[Any] = []

    def engine(operation: str, headers: Any, content: bytes) -> EngineAnswer:
        del headers
        written.append(json.loads(content))
        made = {"TableDescription": written[-1]} if operation == "CreateTable" else {"Responses": {}}
        return EngineAnswer(200, {}, json.dumps(made).encode())

    tables = Tables(engine)
    tables.make("numbers", n="N")
    params: dict[str, Any] = {"TableName": "numbers", "Key": {"n": {"N": number}}, **SET_ONE}
    tables.call("UpdateItem", **params)
    asked = [params["RequestItems"]["numbers"]["Keys"] for params in written if "RequestItems" in params]
    assert asked == [[{"n": {"N": "7"}}]] * 2
    [update] = [params for params in written if "UpdateExpression" in params]
    assert update["Key"] == {"n": {"N": "7"}}


@pytest.mark.parametrize("told", ["1.50", "15e-1", "01.5"])
def test_s_141_images_have_numbers_as_dynamodb_tells_them_whatever_the_engine_does(told: str) -> None:
    kept: list[Any] = []

    def engine(operation: str, headers: Any, content: bytes) -> EngineAnswer:
        del headers
        if operation == "PutItem":
            kept[:] = [{"id": OLD["id"], "v": {"N": told}, "s": {"NS": [told]}}]
        made = {"TableDescription": json.loads(content)} if operation == "CreateTable" else {}
        return EngineAnswer(200, {}, json.dumps(made or {"Responses": {"orders": kept}}).encode())

    tables = Tables(engine)
    tables.make()
    tables.call("PutItem", **one(Item=OLD))
    assert tables.records() == [("INSERT", None, {"id": OLD["id"], "v": {"N": "1.5"}, "s": {"NS": ["1.5"]}})]


def test_a_value_of_an_engine_that_is_none_of_dynamodbs_silences_no_stream() -> None:
    values = iter([{"N": "one"}, {"L": 5}, {"N": None}, 5, {"N": "1"}, {"N": "2"}])
    kept: list[Any] = []

    def engine(operation: str, headers: Any, content: bytes) -> EngineAnswer:
        del headers
        if operation == "PutItem":
            kept[:] = [{"id": OLD["id"], "v": next(values)}]
        made = {"TableDescription": json.loads(content)} if operation == "CreateTable" else {}
        return EngineAnswer(200, {}, json.dumps(made or {"Responses": {"orders": kept}}).encode())

    tables = Tables(engine)
    tables.make()
    for _ in range(6):
        assert isinstance(tables.call("PutItem", **one(Item=OLD)), dict)
    assert [name for name, *_ in tables.records()] == ["INSERT", *["MODIFY"] * 5]
    assert tables.records()[-1][2]["v"] == {"N": "2"}


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"null",
        b"\xff",
        b"{",
        b'{"TableName": 5, "Item": {"id": {"S": "new"}}}',
        b'{"TableName": "orders", "Item": []}',
        b'{"TableName": "orders", "Item": {"id": {"S": 5}}}',
        b'{"TableName": "orders", "Item": {"id": {"S": "new"}, "v": {"SS": "ab"}}}',
        b'{"TableName": "orders", "Item": {"id": {"S": "new"}, "v": {"B": "***"}}}',
        b'{"TableName": "orders", "Item": {"id": {"S": "\\ud800"}}}',
    ],
)
def test_what_the_api_does_not_allow_never_reaches_the_engine(tables: Tables, content: bytes) -> None:
    tables.asked_for.clear()
    headers = {"x-amz-target": "DynamoDB_20120810.PutItem", "authorization": SCOPE}
    answer = asyncio.run(tables.writes.answer(Passage(tables, Head("POST", "/", headers), content)))
    assert answer.status == 400
    assert json.loads(answer.content)["__type"].endswith("SerializationException")
    assert tables.asked_for == []
    tables.call("PutItem", **one(Item=NEW))
    assert tables.records() == [INSERTED]


def test_a_member_that_is_null_is_not_there(tables: Tables) -> None:
    put = one(Item={**NEW, "v": {"S": "x", "N": None}, "n": {"N": "1.0", "S": None}}, ConditionExpression=None)
    assert tables.call("PutItem", **put) == {}
    assert tables.records() == [("INSERT", None, {**NEW, "v": {"S": "x"}})]


@pytest.mark.parametrize("levels", [33, 300, 500, 900, 100_000])
def test_what_is_nested_deeper_than_anything_of_dynamodbs_never_reaches_the_engine(tables: Tables, levels: int) -> None:
    tables.asked_for.clear()
    value = b'{"L": [' * levels + b'{"S": "x"}' + b"]}" * levels
    content = b'{"TableName": "orders", "Item": {"id": {"S": "new"}, "v": ' + value + b"}}"
    headers = {"x-amz-target": "DynamoDB_20120810.PutItem", "authorization": SCOPE}
    answer = asyncio.run(tables.writes.answer(Passage(tables, Head("POST", "/", headers), content)))
    assert (answer.status, tables.asked_for) == (400, [])
    assert json.loads(answer.content)["__type"].endswith(("ValidationException", "SerializationException"))
