from typing import Annotated

import msgspec
import pytest

from backoffice.settings import SettingsError, from_environment


class Settings(msgspec.Struct, frozen=True):
    orders_table: str
    batch_limit: Annotated[int, msgspec.Meta(ge=1)] = 25
    dry_run: bool = False


def test_fields_are_read_from_variables_of_the_same_name_in_capitals() -> None:
    read = from_environment(Settings, {"ORDERS_TABLE": "orders", "BATCH_LIMIT": "5", "DRY_RUN": "true", "PATH": "/bin"})

    assert read == Settings(orders_table="orders", batch_limit=5, dry_run=True)


def test_a_missing_variable_with_a_default_has_it() -> None:
    assert from_environment(Settings, {"ORDERS_TABLE": "orders"}) == Settings(orders_table="orders")


def test_the_environment_of_the_process_is_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_TABLE", "from-process")

    assert from_environment(Settings).orders_table == "from-process"


@pytest.mark.parametrize("environment", [{}, {"ORDERS_TABLE": ""}])
def test_a_missing_variable_is_named_in_one_line(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as raised:
        from_environment(Settings, environment)

    assert str(raised.value) == (
        "Settings: set ORDERS_TABLE under Environment.Variables of this function in template.yaml"
    )


@pytest.mark.parametrize(("text", "why"), [("many", "Expected `int`, got `str`"), ("0", "Expected `int` >= 1")])
def test_an_unacceptable_variable_is_named_with_the_reason_and_without_its_value(text: str, why: str) -> None:
    with pytest.raises(SettingsError) as raised:
        from_environment(Settings, {"ORDERS_TABLE": "orders", "BATCH_LIMIT": text})

    message = str(raised.value)
    assert message.startswith(f"Settings: BATCH_LIMIT is not acceptable: {why}")
    assert "\n" not in message
    assert "many" not in message
