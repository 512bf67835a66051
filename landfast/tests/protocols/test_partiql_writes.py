"""A PartiQL statement that writes an item, as the call that does the same."""

from typing import Any

import pytest

from landfast.protocols.partiql_writes import UnreadableError, Write, write_of


def keys(table: str) -> list[str] | None:
    return ["id"] if table == "T" else None


def read(statement: str, *parameters: dict[str, Any]) -> Write | None:
    return write_of(statement, parameters, keys)


def update(changes: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    write = read(f"UPDATE T {changes}", *parameters)
    assert write is not None
    assert write.kind == "Update"
    assert write.call["Key"] == {"id": {"S": "a"}}
    return dict(write.call)


def test_an_insert_puts_what_is_not_there() -> None:
    others = "'n': 1.5, 'yes': TRUE, 'no': NULL, 'list': [1, ?], 'map': {'x': <<'b'>>}"
    statement = f"""INSERT INTO "T" VALUE {{'id': 'a', {others}}}"""
    assert read(statement, {"B": "eA=="}) == Write(
        "Put",
        {
            "TableName": "T",
            "Item": {
                "id": {"S": "a"},
                "n": {"N": "1.5"},
                "yes": {"BOOL": True},
                "no": {"NULL": True},
                "list": {"L": [{"N": "1"}, {"B": "eA=="}]},
                "map": {"M": {"x": {"SS": ["b"]}}},
            },
            "ConditionExpression": "attribute_not_exists(#k)",
            "ExpressionAttributeNames": {"#k": "id"},
        },
    )


def test_an_update_sets_and_removes_if_all_of_its_condition_holds() -> None:
    call = update("SET n = n + ? SET a.b[0] = 'x' REMOVE c, d WHERE id = 'a' AND n <= 5", {"N": "2"})
    assert call["UpdateExpression"] == "SET #n0 = #n0 + :v0, #n1.#n2[0] = :v1 REMOVE #n3, #n4"
    assert call["ConditionExpression"] == "attribute_exists(#n5) AND (#n5 = :v2 AND #n0 <= :v3)"
    names = {"#n0": "n", "#n1": "a", "#n2": "b", "#n3": "c", "#n4": "d", "#n5": "id"}
    assert call["ExpressionAttributeNames"] == names
    assert call["ExpressionAttributeValues"] == {
        ":v0": {"N": "2"},
        ":v1": {"S": "x"},
        ":v2": {"S": "a"},
        ":v3": {"N": "5"},
    }


@pytest.mark.parametrize(
    ("data", "written"),
    [
        ("SET n = 2", "SET #n0 = :v0"),
        ("SET n = n - 1", "SET #n0 = #n0 - :v0"),
        ("SET l = list_append(l, ['x'])", "SET #n0 = list_append(#n0, :v0)"),
        ("SET s = set_add(s, <<'x'>>)", "ADD #n0 :v0"),
        ("SET s = set_delete(s, <<1>>)", "DELETE #n0 :v0"),
    ],
)
def test_data_are_written_as_update_expressions_write_them(data: str, written: str) -> None:
    assert update(f"{data} WHERE id = 'a'")["UpdateExpression"] == written


@pytest.mark.parametrize(
    ("condition", "written"),
    [
        ("n != 1", "#n2 <> :v2"),
        ("begins_with(n, 'x')", "begins_with(#n2, :v2)"),
        ("n IS MISSING", "attribute_not_exists(#n2)"),
        ("n IS NOT MISSING", "attribute_exists(#n2)"),
        ("n IN [1, 2]", "#n2 IN (:v2, :v3)"),
        ("n IN (1, [2])", "#n2 IN (:v2, :v3)"),
        ("attribute_exists(n)", "attribute_exists(#n2)"),
        ("n BETWEEN 1 AND -2", "#n2 BETWEEN :v2 AND :v3"),
        ("NOT (n = 1 OR n = 2)", " NOT (#n2 = :v2 OR #n2 = :v3)"),
    ],
)
def test_conditions_are_written_as_condition_expressions_write_them(condition: str, written: str) -> None:
    told = update(f"SET m = 1 WHERE id = 'a' AND {condition}")["ConditionExpression"]
    assert told == f"attribute_exists(#n1) AND (#n1 = :v1 AND {written})"


def test_a_delete_is_about_the_item_of_its_condition() -> None:
    write = read("DELETE FROM T WHERE id = 'a' RETURNING ALL OLD *")
    assert write is not None
    assert (write.kind, write.call["Key"], write.returns) == ("Delete", {"id": {"S": "a"}}, "ALL_OLD")
    assert write.call["ConditionExpression"] == "attribute_not_exists(#n0) OR (#n0 = :v0)"


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM T WHERE id = 'a'", "UPDATE Elsewhere SET n = 1 WHERE id = 'a'", ""]
)
def test_what_writes_nothing_that_is_here_is_left_to_who_else_reads_it(statement: str) -> None:
    assert read(statement) is None


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE T SET n = 1", "mandatory equality on all key attributes"),
        ("UPDATE T SET n = 1 WHERE n = 2", "mandatory equality on all key attributes"),
        ("UPDATE T SET n = 1 WHERE id = 'a' OR n = 2", "mandatory equality on all key attributes"),
        ("DELETE FROM T WHERE n = 2", "mandatory equality on all key attributes"),
        ("INSERT INTO T VALUE {'n': 1}", "Missing the key id in the item"),
        ("UPDATE T SET n = WHERE id = 'a'", "wasn't well formed"),
        ("UPDATE T WHERE id = 'a'", "wasn't well formed"),
        ("UPDATE T SET s = set_add(other, <<'x'>>) WHERE id = 'a'", "wasn't well formed"),
        ("UPDATE T SET s = set_add(s, <<'x', 1>>) WHERE id = 'a'", "wasn't well formed"),
        ("UPDATE T SET n = 1 WHERE id = 'a' AND n IN ('x']", "wasn't well formed"),
        ("INSERT INTO T VALUE {'id': 'a'", "wasn't well formed"),
        ("INSERT INTO T VALUE {'id': 'a'} more", "wasn't well formed"),
        ("DELETE FROM T WHERE id = 'a' RETURNING SOME OLD *", "wasn't well formed"),
        ("DELETE FROM T WHERE id = ?", "Number of parameters"),
    ],
)
def test_a_write_that_names_no_item_or_cannot_be_read_says_so(statement: str, told: str) -> None:
    with pytest.raises(UnreadableError, match=told):
        read(statement)


def test_parameters_that_no_question_mark_asks_for_are_refused() -> None:
    with pytest.raises(UnreadableError, match="Number of parameters"):
        read("DELETE FROM T WHERE id = 'a'", {"N": "1"})
