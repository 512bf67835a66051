"""Nothing here may open a socket; each template gets a folder of its own, with `functions/` and `layer/` in it."""

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from pytest_socket import disable_socket

from landfast.template import Template, TemplateError, read

type Reading = Callable[..., Template]
type Refusing = Callable[..., str]
type Naming = Callable[..., str]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    disable_socket()
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")


@pytest.fixture
def template_file(tmp_path: Path) -> Path:
    for folder in ("functions", "layer"):
        (tmp_path / folder).mkdir()
    return tmp_path / "template.yaml"


@pytest.fixture
def reading(template_file: Path) -> Reading:
    """Reads a template given as text, as stack ``shop``; keywords are parameters."""

    def read_text(text: str, **parameters: str) -> Template:
        template_file.write_text(dedent(text), encoding="utf-8")
        return read(template_file, stack_name="shop", parameters=parameters)

    return read_text


@pytest.fixture
def refusing(template_file: Path, reading: Reading) -> Refusing:
    """The message, without the file, that a template given as text is refused with."""

    def message(text: str, **parameters: str) -> str:
        with pytest.raises(TemplateError) as caught:
            reading(text, **parameters)
        prefix = f"{template_file}: "
        told = str(caught.value)
        assert told.startswith(prefix)
        assert "\n" not in told
        return told.removeprefix(prefix)

    return message


@pytest.fixture
def naming(reading: Reading) -> Naming:
    """The one line about what is not run of a template given as text, in short: without the type of the resource."""

    def named(text: str, **parameters: str) -> str:
        (line,) = reading(text, **parameters).not_run
        assert "\n" not in line
        return re.sub(r"^(\w+) \([\w:]+\)", r"\1", line).replace("not run locally: ", "", 1)

    return named
