"""Which log events a filter pattern chooses; examples of AWS's guide, and others like them."""

import base64
import gzip
import json

import pytest

from landfast.sources.log_events import LogEvent, function_event, packed
from landfast.sources.log_filters import UnreadablePatternError, log_filter

REQUEST = json.dumps(
    {
        "level": "ERROR",
        "code": 503,
        "user": None,
        "ok": False,
        "tags": ["a", "b"],
        "by": {"name": "importer", "ip": "10.1.2.3"},
        "dotted": [{"id": 4}],
    }
)


@pytest.mark.parametrize(
    ("pattern", "message", "chosen"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR] it broke", True),
        ("ERROR", "[error] it broke", False),
        ("ERROR Exception", "ERROR: an Exception", True),
        ("ERROR Exception", "ERROR: nothing", False),
        ('"it broke"', "ERROR: it broke again", True),
        ('"it broke"', "it was broke", False),
        ('"say \\"no\\""', 'they say "no" to it', True),
        ("?ERROR ?WARN", "WARN: low", True),
        ("?ERROR ?WARN", "INFO: low", False),
        ("ERROR -benign", "ERROR: it broke", True),
        ("ERROR -benign", "ERROR: benign", False),
        ("-INFO", "ERROR", True),
        ('{ $.level = "ERROR" }', REQUEST, True),
        ("{ $.level = ERROR }", REQUEST, True),
        ('{ $.level != "ERROR" }', REQUEST, False),
        ('{ $.level = "ERR*" }', REQUEST, True),
        ('{ $.by.ip = "10.*" && $.code >= 500 }', REQUEST, True),
        ("{ $.code < 500 }", REQUEST, False),
        ("{ $.code != 200 }", REQUEST, True),
        ("{ $.code = 5e2 || $.code = 503 }", REQUEST, True),
        ('{ ($.code = 1 || $.level = "ERROR") && $.by.name = "importer" }', REQUEST, True),
        ("{ $.user IS NULL }", REQUEST, True),
        ("{ $.ok IS FALSE }", REQUEST, True),
        ("{ $.ok IS TRUE }", REQUEST, False),
        ("{ $.missing NOT EXISTS }", REQUEST, True),
        ("{ $.missing = 1 }", REQUEST, False),
        ('{ $.tags[1] = "b" }', REQUEST, True),
        ('{ $.tags[*] = "a" }', REQUEST, True),
        ("{ $.dotted[0].id = 4 }", REQUEST, True),
        ('{ $.level = "ERROR" }', "no JSON", False),
        ('{ $.level = "ERROR" }', "[1]", False),
        ("{ $.level = nan }", '{"level": "nan"}', True),
        ("{ $.code > 1e3 }", '{"code": 1' + "0" * 400 + "}", True),
        ("{ $.level NOT EXISTS }", '{"a":' * 2_000 + "1" + "}" * 2_000, False),
    ],
)
def test_a_pattern_chooses_log_events(pattern: str, message: str, *, chosen: bool) -> None:
    assert log_filter(pattern)(message) is chosen


@pytest.mark.parametrize(
    "pattern",
    [
        "[ip, user, code]",
        "%ERR.*%",
        "{ $.a }",
        "{ $.a = ",
        "{ level = 1 }",
        '{ $.a > "x" }',
        '"open',
        "{ $.a = 1 } }",
        "{",
        "{" + "(" * 1_000,
        "a" * 1_025,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_not_read_is_told(pattern: str) -> None:
    with pytest.raises(UnreadablePatternError):
        log_filter(pattern)


def test_log_events_are_packed_as_a_function_gets_them() -> None:
    events = [LogEvent(1.5, "one"), LogEvent(1.5, "two")]
    data = packed(events, account="1", group="/g", stream="s", name="f")
    sent = json.loads(function_event(data))["awslogs"]["data"]
    told = json.loads(gzip.decompress(base64.b64decode(sent)))
    assert [(each["timestamp"], each["message"]) for each in told["logEvents"]] == [(1500, "one"), (1500, "two")]
    assert len({each["id"] for each in told["logEvents"]}) == 2
