"""Policies of resources: their grammar, as far as services change them by statements."""

import pytest

from landfast.sources.policies import policy_document


@pytest.mark.parametrize(
    ("text", "statements"),
    [('{"Statement": []}', []), ('{"Statement": [{"Sid": "a"}, {}]}', [{"Sid": "a"}, {}]), ('{"Statement": {}}', [{}])],
)
def test_statements_are_a_list_even_a_single_one(text: str, statements: list[object]) -> None:
    assert policy_document(text) == {"Statement": statements}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"a"', "{}", '{"Statement": null}', '{"Statement": "a"}', '{"Statement": [{}, "a"]}'],
)
def test_what_has_no_statements_is_no_policy(text: str) -> None:
    with pytest.raises(ValueError, match=r"it is no policy|truncated"):
        policy_document(text)
