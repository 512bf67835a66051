"""SAM's translation is kept, and read where nothing has changed that it depends on."""

from pathlib import Path
from typing import Any

import pytest

from landfast.template import Template, read, sam

TEXT = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Seconds: {Type: Number, Default: 5}, Secret: {Type: String, Default: none}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions, Handler: a.b, Runtime: python3.13, Timeout: !Ref Seconds}
"""


@pytest.fixture
def translations(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the translator was given."""
    given: list[Any] = []
    translated = sam._translated

    def counted(template: dict[str, Any], *others: Any) -> dict[str, Any]:
        given.append(template)
        return translated(template, *others)

    monkeypatch.setattr(sam, "_translated", counted)
    return given


def kept(template: Path, text: str = TEXT, **parameters: str) -> Template:
    template.write_text(text)
    return read(template, stack_name="shop", parameters=parameters, keep=template.parent / "kept")


def test_the_same_template_is_translated_once(template_file: Path, translations: list[Any]) -> None:
    first, second = kept(template_file), kept(template_file)
    assert len(translations) == 1
    assert first == second == read(template_file, stack_name="shop")
    file = template_file.parent / "kept" / sam.KEPT
    assert file.stat().st_mode & 0o077 == 0


def test_a_change_of_the_template_or_of_a_parameter_is_seen(template_file: Path, translations: list[Any]) -> None:
    first = kept(template_file)
    edited = kept(template_file, TEXT.replace("a.b", "a.c"))
    parameter = kept(template_file, Seconds="9")
    assert [template.functions["F"].handler for template in (first, edited, parameter)] == ["a.b", "a.c", "a.b"]
    assert [template.functions["F"].timeout for template in (first, edited, parameter)] == [5, 5, 9]
    assert len(translations) == 3


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"key": 1}', b"\xff"])
def test_a_damaged_file_is_written_anew(template_file: Path, translations: list[Any], content: bytes) -> None:
    expected = kept(template_file)
    (template_file.parent / "kept" / sam.KEPT).write_bytes(content)
    assert kept(template_file) == kept(template_file) == expected
    assert len(translations) == 2


def test_a_folder_that_cannot_be_written_costs_only_time(template_file: Path, translations: list[Any]) -> None:
    (template_file.parent / "kept").touch()
    assert kept(template_file) == kept(template_file)
    assert len(translations) == 2


def test_nothing_is_kept_of_a_template_with_secrets(template_file: Path, translations: list[Any]) -> None:
    secret = TEXT.replace("Default: none", "Default: none, NoEcho: true")
    for _ in range(2):
        kept(template_file, secret, Secret="of nobody")  # noqa: S106 - made up
    assert len(translations) == 2
    assert not (template_file.parent / "kept").exists()
