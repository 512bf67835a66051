# --- the tool ---
"""What is done to the pages of `docs/` before they become a site, and that what is drawn is up to date."""

import os
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from landfast.delivery.settings import Settings
from tools import pictures, reference, site
from tools.site import SiteError, foreign, languages, pages, stage, write

FENCED = "```console\n$ cat [a](nowhere.md)\n```\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with two pages, one that is elsewhere, and a Korean one."""
    files = {
        "docs/zensical.toml": "",
        "docs/zensical.ko.toml": "",
        "README.md": "# Landfast\n",
        "CONTRIBUTING.md": "[Rules](docs/rules.md#s-01)\n",
        "landfast/ARCHITECTURE.md": "# Architecture\n",
        "src/code.py": "",
        "docs/index.md": "# Home\n",
        "docs/rules.md": "# Rules\n",
        "docs/how/add.md": f"{FENCED}[R](../rules.md#s-01), [A](../../landfast/ARCHITECTURE.md), [B](https://b.org), "
        "[`code`](../../src/code.py), `[a](nowhere.md)`, [Home](../../README.md)\n<!-- --- shared --- -->\n",
        "docs/ko/how/add.md": "[규칙](../../rules.md#s-01), [첫 페이지](../../../README.ko.md)\n",
        "docs/ko/README.md": "# For those who translate\n",
        "README.ko.md": "# Landfast\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_links_lead_to_where_the_site_has_a_file_and_files_without_a_page_are_named(project: Path) -> None:
    assert pages(project)["how/add.md"].decode() == (
        f"{FENCED}[R](../rules.md#s-01), [A](../architecture.md), [B](https://b.org), "
        "`code`, `[a](nowhere.md)`, [Home](../index.md)\n"
    )
    assert pages(project)["contributing.md"] == b"[Rules](rules.md#s-01)\n"


def test_a_link_to_what_is_not_there_is_refused_with_its_page_and_line(project: Path) -> None:
    (project / "docs" / "rules.md").write_text("# Rules\n\n[Gone](gone.md)\n")
    with pytest.raises(SiteError, match=r"^docs/rules\.md, line 3: gone\.md is not there$"):
        pages(project)


def test_a_picture_becomes_an_image_for_each_scheme(project: Path) -> None:
    for scheme in ("light", "dark"):
        (project / "docs" / f"p-{scheme}.svg").write_text("<svg/>")
    (project / "docs" / "rules.md").write_text(
        '<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="p-dark.svg">\n'
        '  <img alt="All of it" src="p-light.svg">\n</picture>\n'
    )
    text = pages(project)["rules.md"].decode()
    assert "![All of it](p-light.svg#only-light)![All of it](p-dark.svg#only-dark)" in text
    assert "<picture>" not in text


def test_a_language_has_its_own_pages_where_it_has_them_and_english_ones_elsewhere(project: Path) -> None:
    assert [*languages(project)] == ["", "ko"]
    korean = pages(project, "ko")
    assert korean["how/add.md"].decode() == "[규칙](../rules.md#s-01), [첫 페이지](../index.md)\n"
    assert korean["index.md"].endswith(b"# Home\n")
    assert "README.md" not in korean
    assert korean["rules.md"] == b"---\nlanguage: en\n---\n\n# Rules\n"
    assert pages(project)["rules.md"] == b"# Rules\n"
    assert not any(name.startswith("ko/") for name in (*korean, *pages(project)))


def test_the_sites_of_all_languages_differ_in_words_and_places_only() -> None:
    english, *others = (_without_words(tomllib.loads(path.read_text())) for path in languages().values())
    assert others != []
    for other in others:
        assert other == english


def _without_words(configuration: dict[str, Any]) -> dict[str, Any]:
    project = configuration["project"]
    for name in ("site_name", "site_description", "docs_dir", "site_dir", "copyright"):
        del project[name]
    project["nav"] = [*named(project["nav"])]
    project["extra"] = [alternate["lang"] for alternate in project["extra"]["alternate"]]
    project["theme"]["language"] = ""
    for palette in project["theme"]["palette"]:
        palette["toggle"]["name"] = ""
    return configuration


def test_what_has_not_changed_is_not_touched_so_that_nothing_is_built_anew(project: Path) -> None:
    stage(project)
    made = {path: path.stat().st_mtime_ns for path in (project / "dist").rglob("*") if path.is_file()}
    assert {path.suffix for path in made} == {".toml", ".md"}
    (project / "docs" / "rules.md").write_text("# Other rules\n")
    for path in made:
        os.utime(path, ns=(0, 0))
    stage(project)
    assert {path.name for path in made if path.stat().st_mtime_ns} == {"rules.md"}


def test_the_pages_of_before_go(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": b"1", "b/c.md": b"2"})
    write(tmp_path, {"b/c.md": b"3"})
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*.md")} == {"c.md": b"3"}


@pytest.mark.parametrize(
    ("html", "asked"),
    [
        ('<script src="https://x.org/a.js"></script>', {"https://x.org/a.js"}),
        ('<link rel="stylesheet" href="//x.org/a.css">', {"//x.org/a.css"}),
        ("<img src=http://x.org/a.png>", {"http://x.org/a.png"}),
        ('<a href="https://x.org/">x</a><script src="a.js"></script><img src="../p.svg#only-dark">', set()),
    ],
)
def test_what_a_page_loads_from_other_hosts_is_found(html: str, asked: set[str], tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(html)
    assert foreign(tmp_path) == asked


def test_every_link_of_the_pages_leads_somewhere() -> None:
    assert len(pages()) > 30


def test_every_page_can_be_found_by_the_navigation() -> None:
    told = tomllib.loads((site.ROOT / "docs" / "zensical.toml").read_text())["project"]["nav"]
    assert sorted(named(told)) == sorted(name for name in pages() if name.endswith(".md"))


def named(entry: object) -> Iterator[str]:
    """Every page that a part of the navigation names."""
    match entry:
        case str():
            yield entry
        case list():
            for each in entry:
                yield from named(each)
        case dict():
            yield from named([*entry.values()])


def test_the_pictures_are_as_they_would_be_drawn_now() -> None:
    """`make docs` draws them."""
    assert pictures.outdated(pictures.ROOT, pictures.pictures()) == []


def test_a_picture_that_is_old_or_that_nothing_draws_is_found(tmp_path: Path) -> None:
    drawn = {pictures.FOLDER / "a.svg": "<svg>a</svg>", pictures.FOLDER / "b.svg": "<svg>b</svg>"}
    write(tmp_path, {f"{path}": text.encode() for path, text in drawn.items()})
    assert pictures.outdated(tmp_path, drawn) == []
    write(tmp_path, {f"{pictures.FOLDER / name}.svg": b"<svg>a</svg>" for name in ("a", "b", "c")})
    assert pictures.outdated(tmp_path, drawn) == [pictures.FOLDER / "b.svg", pictures.FOLDER / "c.svg"]


def test_the_reference_says_what_the_code_says() -> None:
    """`make docs` writes it."""
    assert reference.outdated(reference.ROOT, reference.reference()) == []


def test_the_reference_has_every_command_setting_and_parameter_once() -> None:
    pages = {path.stem: text for path, text in reference.reference().items()}
    assert pages["commands"].count("\n## `landfast ") >= 10
    assert pages["settings"].count("\n| [U-") == len(fields(Settings))
    assert "| `Architecture` |" in pages["parameters"]


def test_a_page_of_the_reference_that_is_old_is_found(tmp_path: Path) -> None:
    written = {Path("a.md"): "new\n", Path("b.md"): "b\n"}
    write(tmp_path, {"a.md": b"old\n", "b.md": b"b\n"})
    assert reference.outdated(tmp_path, written) == [Path("a.md")]
