"""Which items a PartiQL statement writes."""

from typing import Any

import pytest

from landfast.protocols.partiql import Written, table_of, written

ID = {"id": {"S": "a"}}


@pytest.mark.parametrize(
    ("statement", "parameters", "expected"),
    [
        ("INSERT INTO t VALUE {'id': 'a'}", [], ID),
        ("insert into t value {'id':'a','n':1}", [], ID),
        ("INSERT INTO \"t\" VALUE {'n': [1, {'id': 'x'}], 'id': ?}", [{"S": "a"}], ID),
        ("INSERT INTO t VALUE {'m': {'id': ?}, 'l': <<?, ?>>, 'id': ?}", [{"N": "1"}] * 3 + [{"S": "a"}], ID),
        ("INSERT INTO t VALUE {'n': 1}", [], None),
        ("INSERT INTO t VALUE ?", [{"M": ID}], None),
        ("INSERT INTO t VALUE {'id': 'it''s'}", [], {"id": {"S": "it's"}}),
        ("INSERT INTO t VALUE {'id': -1.5e3}", [], {"id": {"N": "-1.5e3"}}),
        ("UPDATE t SET n = 2 WHERE id = 'a'", [], ID),
        ('UPDATE t SET n = ? , m = ? WHERE "id" = ?', [{"N": "1"}, {"N": "2"}, {"S": "a"}], ID),
        ("UPDATE t SET x = 'WHERE id = ''b''' WHERE id = 'a' AND n > 5", [], ID),
        ("UPDATE t REMOVE x WHERE id = 'a' RETURNING ALL OLD *", [], ID),
        ("UPDATE t SET n = 2 WHERE id = 'a' OR id = 'b'", [], None),
        ("UPDATE t SET n = 2 WHERE id IN ['a']", [], None),
        ("UPDATE t SET n = 2 WHERE NOT id = 'a'", [], None),
        ("UPDATE t SET n = 2 WHERE id = 'a' AND (n = 1 OR n = 3)", [], ID),
        ("UPDATE t SET n = 2 WHERE id = 'a' AND n IN [1, 3]", [], ID),
        ("UPDATE t SET n = 2 WHERE n BETWEEN 1 AND 3 AND id = 'a'", [], ID),
        ("UPDATE t SET n = 2 WHERE id = 'a' AND NOT n = 1", [], ID),
        ("UPDATE t SET n = 2 WHERE n = 1 AND NOT id = 'a'", [], None),
        ("UPDATE t SET n = 2 WHERE id = 'a' AND n = 1 OR n = 3", [], None),
        ("DELETE FROM t WHERE id = 'a' AND n IS NOT MISSING", [], ID),
        ("UPDATE t SET n = 2 WHERE n = 'a'", [], None),
        ("UPDATE t SET n = 2", [], None),
        ("DELETE FROM t WHERE id = 'a' AND attribute_exists(n)", [], ID),
        ("-- a comment\nDELETE FROM t WHERE id = 'a'", [], ID),
        ("DELETE FROM t WHERE (id = 'a')", [], None),
        ("DELETE FROM t WHERE id = ?", [], None),
    ],
)
def test_the_keys_are_read_or_the_whole_table_counts(statement: str, parameters: list[Any], expected: Any) -> None:
    assert written(statement, parameters, ["id"]) == Written("t", expected)
    assert table_of(statement) == "t"


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM t WHERE id = 'a'", "EXISTS(SELECT * FROM t)", "", "INSERT", "INSERT INTO 'x'", "UPDATE ?"],
)
def test_what_writes_nothing_is_told_apart(statement: str) -> None:
    assert written(statement, [], ["id"]) is None
    assert table_of(statement) is None


def test_all_key_attributes_must_be_told() -> None:
    both = written("UPDATE t SET n = 1 WHERE p = 'x' AND s = 7", [], ["p", "s"])
    assert both == Written("t", {"p": {"S": "x"}, "s": {"N": "7"}})
    assert written("UPDATE t SET n = 1 WHERE p = 'x'", [], ["p", "s"]) == Written("t", None)
