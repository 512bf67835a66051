"""What is wrong with a message is said by field and rule; no value gets into the reason."""

from typing import Annotated, Literal

import msgspec
import pytest

from backoffice.errors import ShopError
from backoffice.messages import (
    CurrencyCode,
    ForeignEventError,
    Identifier,
    MalformedError,
    ParcelIdentifier,
    converted,
    decoded,
    text_at,
)


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    name: Identifier = "A"
    currency: CurrencyCode = "EUR"
    kind: Literal["a", "b"] = "a"
    size: Annotated[int, msgspec.Meta(le=10)] = 1
    inner: "Thing | None" = None


class Open(msgspec.Struct):
    name: str = ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"name":"s3cret?"}', "Expected `str` matching regex '^[A-Za-z0-9._-]{1,64}\\\\Z' - at `$.name`"),
        ('{"name":"A\\n"}', "Expected `str` matching regex '^[A-Za-z0-9._-]{1,64}\\\\Z' - at `$.name`"),
        ('{"currency":"EUR\\n"}', "Expected `str` matching regex '^[A-Z]{3}\\\\Z' - at `$.currency`"),
        ('{"kind":"s3cret"}', "Not an accepted value - at `$.kind`"),
        ('{"inner":{"kind":"s3cret"}}', "Not an accepted value - at `$.inner.kind`"),
        ('{"size":11}', "Expected `int` <= 10 - at `$.size`"),
        ('{"size":1.0}', "Expected `int`, got `float` - at `$.size`"),
        ('{"size":true}', "Expected `int`, got `bool` - at `$.size`"),
        ('{"inner":{"colour":1}}', "Object contains unknown field `colour` - at `$.inner`"),
        ('{"s3cret text":1}', "Object contains an unknown field"),
        ('{"inner":{"s3cret text":1}}', "Object contains an unknown field - at `$.inner`"),
        ('{"' + "s3cret" * 20 + '":1}', "Object contains an unknown field"),
        ("", "not JSON: Input data was truncated"),
        ("s3cret", "JSON is malformed: invalid character (byte 0)"),
        ("\ufeff{}", "JSON is malformed: invalid character (byte 0)"),
        ('{"name":"\\ud800"}', "not JSON: Input data was truncated"),
        ('{"name":"\ud800"}', "not UTF-8"),
    ],
)
def test_a_reason_names_field_and_rule_and_no_value(text: str, reason: str) -> None:
    with pytest.raises(MalformedError) as error:
        decoded(msgspec.json.Decoder(Thing), text, MalformedError)
    assert str(error.value) == reason
    assert "s3cret" not in str(error.value)
    assert error.value.__cause__ is None


def test_what_is_nested_too_deeply_has_a_reason() -> None:
    with pytest.raises(MalformedError, match="nested too deeply"):
        decoded(msgspec.json.Decoder(Open), '{"x":' + "[" * 100_000, MalformedError)


def test_what_is_decoded_already_is_read_alike() -> None:
    assert converted({"name": "A-1"}, Thing, MalformedError) == Thing("A-1")
    with pytest.raises(ForeignEventError, match="Expected `object`, got `array`"):
        converted([], Thing, ForeignEventError)


def test_a_parcel_of_the_longest_order_id_is_an_identifier() -> None:
    assert msgspec.convert(f"{'A' * 64}-{10**14}", ParcelIdentifier)


@pytest.mark.parametrize("record", [{}, {"a": None}, {"a": {"b": 7}}, {"a": "b"}, {"a": ["b"]}])
def test_a_text_that_is_not_there_is_a_foreign_event(record: dict[str, object]) -> None:
    assert text_at({"a": {"b": "c"}}, "a", "b") == "c"
    with pytest.raises(ForeignEventError, match=r"^a\.b is missing or no text$"):
        text_at(record, "a", "b")


def test_both_kinds_are_the_shops_own_and_values_that_are_wrong() -> None:
    for kind in (MalformedError, ForeignEventError):
        assert issubclass(kind, ShopError)
        assert issubclass(kind, ValueError)
