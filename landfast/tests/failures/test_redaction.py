"""Values that are left out where failures are carried elsewhere."""

import base64
import json

import pytest

from landfast.failures import FailuresError
from landfast.failures.redaction import path, redacted


def test_a_path_begins_at_the_root_of_each_document_in_a_failure() -> None:
    order = {"customer": {"name": "Ann", "id": 1}, "items": [{"for": "Bob"}, {"for": "Cy"}]}
    data = base64.b64encode(json.dumps(order).encode()).decode()
    body = {
        "requestPayload": order,
        "payload": json.dumps({"Records": [{"kinesis": {"data": data}}]}),
        "Message": "text",
    }
    text, count = redacted(json.dumps(body), [path("$.customer.name"), path("$.items[*].for"), path("$['Message']")])
    cut = json.loads(text)
    assert cut["requestPayload"] == {"customer": {"name": "***", "id": 1}, "items": [{"for": "***"}, {"for": "***"}]}
    inner = json.loads(cut["payload"])["Records"][0]["kinesis"]["data"]
    assert json.loads(base64.b64decode(inner)) == cut["requestPayload"]
    assert (cut["Message"], count) == ("***", 7)


@pytest.mark.parametrize("text", ["", "no JSON", '"a text"', '{"a": [1]}', '{"data": "no base64"}', "[" * 100_000])
def test_what_has_no_such_value_stays_as_it_is(text: str) -> None:
    assert redacted(text, [path("$.a[3].b"), path("$.name")]) == (text, 0)


@pytest.mark.parametrize("text", ["", "$", "customer", "$.", "$.a[b]", "$a", "$..a"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(FailuresError, match="write a path as in"):
        path(text)
