"""Writes the reference of `docs/reference/` from the code: `python -m tools.reference`.

- `commands.md`: the commands of `landfast`, from the command line itself
- `settings.md`: what AWS does not document and a setting decides, from the tool's settings and the rules
- `parameters.md`: the parameters of template.yaml

It also writes, between its marks, what `docs/lint.md` shows of the hazards and of what is found of them; and the rules
of `docs/rules.md` as the console has them, which shows them without a network.
"""

import contextlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
from samtranslator.yaml_helper import yaml_parse
from typer.testing import CliRunner

from landfast.cli.app import app
from landfast.delivery.settings import Settings
from landfast.lint.hazards import HAZARDS

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path("docs/reference")
HAZARDS_PAGE = Path("docs/lint.md")
RULES_OF_THE_CONSOLE = Path("landfast/src/landfast/console/rules.json")

_POINT = re.compile(r'^\| <a id="u-\d+"></a>(?P<id>U-\d+) \| (?P<question>.+?) \| (?P<proposed>.+) \|$', re.MULTILINE)
_RULE = re.compile(
    r'^(?:- )?<a id="[su]-\d+"></a>\*\*(?P<id>[SU]-\d+) ?(?P<title>.*?)(?P<end>[.:]?)\*\*(?P<text>.*)', re.DOTALL
)
_BEGINS = re.compile(r'^(?:- )?<a id="s-\d+">|^---$|^#+ ', re.MULTILINE)
_FIRST = re.compile(r"(?:`[^`]*`|[^`.;(\n]|\.(?!\s|$))+")
"""The first sentence of a rule, without what is in brackets behind it."""

_EXAMPLE = re.compile(r"^Examples?: ", re.MULTILINE)
_NUMBERS = re.compile(r"int|float")


def reference(root: Path = ROOT) -> Mapping[Path, str]:
    """Return every page by its path in the repository."""
    rules = (root / "docs" / "rules.md").read_text(encoding="utf-8")
    return {
        FOLDER / "commands.md": _page(_commands()),
        FOLDER / "settings.md": _page(_settings(rules)),
        FOLDER / "parameters.md": _page(_parameters((root / "template.yaml").read_text(encoding="utf-8"))),
        HAZARDS_PAGE: _with_hazards((root / HAZARDS_PAGE).read_text(encoding="utf-8")),
        RULES_OF_THE_CONSOLE: _rules(rules),
    }


def outdated(root: Path, written: Mapping[Path, str]) -> list[Path]:
    """Return the pages that are not as they would be written now."""
    return [path for path, text in written.items() if not (root / path).is_file() or (root / path).read_text() != text]


def _with_hazards(page: str) -> str:
    """The page about hazards, with the rules and an example of what they find between its marks."""
    parts = {"example": _hazards_found(), "rules": _hazards()}
    for name, paragraphs in parts.items():
        text = "\n\n".join(paragraphs)
        mark = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        page = mark.sub(lambda found, text=text: f"{found[1]}{text}\n{found[2]}", page)  # type: ignore[misc]
    return page


def _hazards_found() -> Iterator[str]:
    folder = ROOT / "docs" / "lint"
    with contextlib.chdir(folder):
        told = CliRunner().invoke(app, ["lint"]).output
    yield f"```console\n$ landfast lint\n{told.strip()}\n```"


def _hazards() -> Iterator[str]:
    yield "`make docs` writes this table from the rules themselves."
    rows = [
        (
            f"`{each.id}`",
            each.title,
            each.text,
            f"{''.join(f'[{rule}](rules.md#{rule.lower()}) ' for rule in each.rules)}[AWS]({each.source})",
        )
        for each in HAZARDS.values()
    ]
    yield _table(("", "hazard", "why, and when it is reported", "evidence"), rows)


def _page(paragraphs: Iterable[str]) -> str:
    return "\n\n".join(paragraphs) + "\n"


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield "What `landfast COMMAND --help` tells. `make docs` writes this page from the commands themselves."
    yield from _group(typer.main.get_command(app), "landfast")


def _group(group: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - click's, which typer brings with it
    for command in group.commands.values():
        called = f"{name} {command.name}"
        if hasattr(command, "commands"):
            yield from _group(command, called)
        else:
            yield from _command(command, called)


def _command(command: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - click's
    yield f"## `{name}`"
    for paragraph in command.help.split("\n\n"):
        if _EXAMPLE.match(paragraph):
            found = re.split(r", or: ", " ".join(_EXAMPLE.sub("", paragraph).split()))
            yield "\n".join(["```sh", *found, "```"])
        else:
            yield " ".join(paragraph.split())
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    rows = [(f"`{(each.metavar or each.name).strip('{}').upper()}`", each.help or "", "") for each in arguments]
    rows += [(_spelt(each), each.help or "", _default(each)) for each in options]
    yield _table(("", "what it is", "default"), rows)


def _spelt(option: Any) -> str:  # noqa: ANN401 - click's
    kind = option.metavar or ("NUMBER" if _NUMBERS.match(option.type.name) else "TEXT")
    return f"`{', '.join(option.opts)}{'' if option.is_flag else f' {kind}'}`"


def _default(option: Any) -> str:  # noqa: ANN401 - click's
    shown = option.show_default if isinstance(option.show_default, str) else option.default
    return "" if option.is_flag or shown is None or shown == 0 else f"`{shown}`"


def _settings(rules: str) -> Iterator[str]:
    yield "# Settings"
    yield (
        "What AWS does not document, the rules propose, and you can decide otherwise: `landfast up --setting ID=JSON`, "
        'or `"settings": {"ID": JSON}` in a scenario. A default of several parts is changed part by part. '
        "`make docs` writes this page from the tool's settings and from [the rules](../rules.md); "
        "[conformance](../conformance.md) says which tests show what another value changes."
    )
    questions = {found["id"]: found["question"] for found in _POINT.finditer(rules)}
    rows = [
        (
            f"[{name}](../rules.md#{name.lower()})",
            questions[name],
            field.replace("_", " "),
            f"`{_json(getattr(Settings(), field))}`",
        )
        for name, field in ((each.metadata["id"], each.name) for each in fields(Settings))
    ]
    yield _table(("", "question", "what the value says", "default"), rows)
    yield "For example, to let the waits between the tries of a stream's batch grow up to a minute:"
    yield "```sh\nlandfast up --setting 'U-13={\"cap\": 60}'\n```"


def _rules(page: str) -> str:
    """The rules by their numbers, a line each: title and text."""
    found: dict[str, dict[str, str]] = {}
    begins = [match.start() for match in _BEGINS.finditer(page)]
    for begin, end in pairwise([*begins, len(page)]):
        if match := _RULE.match(page[begin:end].strip()):
            # A heading that ends with no stop is the beginning of the first sentence.
            text = match["text"] if match["end"] else f"{match['title']}{match['text']}"
            title = match["title"] if match["end"] else _FIRST.match(text.strip())[0]  # type: ignore[index]
            found[match["id"]] = {"title": title.strip(" :,"), "text": text.strip()}
    for match in _POINT.finditer(page):
        found[match["id"]] = {"title": match["question"], "text": match["proposed"]}
    lines = [f"{json.dumps(name)}: {json.dumps(rule, ensure_ascii=False)}" for name, rule in found.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _json(value: Any) -> str:  # noqa: ANN401 - a setting's
    return json.dumps(asdict(value) if is_dataclass(value) and not isinstance(value, type) else value)


def _parameters(template: str) -> Iterator[str]:
    yield "# Parameters of the application"
    yield (
        "What can be chosen when `template.yaml` is deployed (`sam deploy --parameter-overrides NAME=VALUE`), or run "
        "here (`landfast up --parameter NAME=VALUE`). `make docs` writes this page from the template."
    )
    rows = [
        (f"`{name}`", " ".join(told.get("Description", "").split()), _told_default(told), _allowed(told))
        for name, told in yaml_parse(template).get("Parameters", {}).items()
    ]
    yield _table(("", "what it is", "default", "allowed"), rows)


def _told_default(parameter: Mapping[str, Any]) -> str:
    if "Default" not in parameter:
        return "none: it has to be given"
    return f"`{parameter['Default']}`" if parameter["Default"] != "" else "empty"


def _allowed(parameter: Mapping[str, Any]) -> str:
    values = parameter.get("AllowedValues")
    if values:
        return ", ".join(f"`{value}`" for value in values)
    pattern = parameter.get("AllowedPattern")
    return f"`{pattern}`" if pattern else ""


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(line.replace("|  |", "| |") for line in lines)


def _cell(text: str) -> str:
    return text if text.startswith("[U-") else text.replace("|", "\\|")


def main() -> int:
    """Write them."""
    (ROOT / FOLDER).mkdir(parents=True, exist_ok=True)
    for path, text in reference().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
