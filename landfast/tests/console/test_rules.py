"""The rules as the console tells them: whole, and in a sentence each where steps name them."""

import re
from pathlib import Path

import pytest

import landfast
from landfast.console.rules import rules
from landfast.delivery.settings import Settings
from landfast.report.wording import MEANINGS, rule_id
from tests.console.test_page_files import every_text
from tests.rules import RULES, UNCONFIRMED

PACKAGE = Path(landfast.__file__).parent
_NOTED = re.compile(r"""f?"(?P<rule>[SU]-\d+(?: [^"{]*)?)(?:\{[^"]*)?\"""")


def noted() -> set[str]:
    """Every rule that notes of the delivery machines carry, as far as it is plain text there."""
    sources = [path.read_text() for folder in ("delivery", "driver") for path in (PACKAGE / folder).rglob("*.py")]
    found = {match["rule"].strip() for source in sources for match in _NOTED.finditer(source)}
    settings = {field.metadata["id"] for field in Settings.__dataclass_fields__.values()}
    return {*MEANINGS, *found} - settings - {"S-04", "S-06"}


def test_the_notes_of_the_machines_are_found() -> None:
    assert {"S-04 RetriesExhausted", "S-06 EventAgeExceeded", "S-46 the batch succeeded", "S-97", "S-59"} <= noted()


@pytest.mark.parametrize("rule", sorted(noted()))
def test_each_rule_that_a_step_can_name_has_a_sentence(rule: str) -> None:
    texts = every_text()
    assert f"rule.{rule}" in texts or f"rule.{rule_id(rule)}" in texts


def test_each_sentence_is_about_a_rule_and_each_rule_has_its_whole_text() -> None:
    told = {rule_id(key.removeprefix("rule.")) for key in every_text() if key.startswith("rule.")}
    assert told <= rules().keys()
    known = {f"S-{number:02}" for number in RULES} | {f"U-{number}" for number in UNCONFIRMED}
    assert known <= rules().keys()
    assert [number for number, rule in rules().items() if not (rule.title and rule.text)] == []
    assert "nothing is deleted" in rules()["S-93"].text.lower()
