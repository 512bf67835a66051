# --- the tool ---
"""Translated pages are kept in step with the English ones."""

from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.architecture.translated import Translations
from tools.site import languages

REQUIRED = ("docs/index.md", "docs/tutorial/", "docs/concepts/", "docs/what-if.md")
"""What every language has, beside the README."""

MARK = "<!-- --- payments --- -->"
"""Apart from the texts, because it would be a mark of this file's lines at the end of one."""

ENGLISH = f"""# Home
[한국어](README.ko.md)

**Every** event of `shop` lands, see [the page](docs/page.md).

{MARK}
## Two commands

```console
$ make demo  # it plays
17 passed
$ make test
```

| what | times |
|---|---|
| payments | 10 | {MARK}

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="docs/dark.svg">
  <img alt="All" src="docs/light.svg">
</picture>
"""

KOREAN = f"""# 첫 페이지
[English](README.md)

자세한 내용은 [페이지](docs/ko/page.md)에 있습니다. `shop`의 이벤트는 **모두** 도착합니다.

{MARK}
## 명령 두 개

```console
$ make demo  # 보여 줍니다
17 passed
$ make test
```

| 무엇 | 횟수 |
|---|---|
| 결제 | 10 | {MARK}

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="docs/dark.svg">
  <img alt="모두" src="docs/light.svg">
</picture>
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a README and a page, both translated."""
    for name, text in {
        "README.md": ENGLISH,
        "README.ko.md": KOREAN,
        "docs/page.md": "# Page\n\n[Home](../README.md#two), [rules](rules.md)\n",
        "docs/rules.md": "# Rules\n",
        "docs/ko/page.md": '<a id="page"></a>\n\n# 쪽\n\n[규칙](../rules.md), [처음](../../README.ko.md#two)\n',
        "docs/ko/README.md": "# 번역 안내\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("language", [each for each in languages() if each])
def test_translations_have_the_headings_commands_links_and_pictures_of_their_originals(language: str) -> None:
    findings = Translations(ROOT, language).findings(REQUIRED)
    assert findings == [], "\n".join([*findings, f"Mend them; docs/{language}/README.md says how, and has a glossary."])


def test_words_and_their_order_and_comments_in_code_may_differ(project: Path) -> None:
    assert Translations(project, "ko").findings(("docs/page.md",)) == []


@pytest.mark.parametrize(
    ("here", "instead", "found", "there"),
    [
        ("## 명령", "### 명령", "7, has a heading of level 3", "7, has a heading of level 2"),
        ("make test", "make all", "12, has the line of code '$ make all'", "12, has the line of code '$ make test'"),
        ("17", "18", "11, has the line of code '18 passed'", "11, has the line of code '17 passed'"),
        ("$ make test\n", "", "14, has a row of a table with words, words", "12, has the line of code '$ make test'"),
        (
            "```console",
            "```sh",
            "9, has a block of code that begins ```sh",
            "9, has a block of code that begins ```console",
        ),
        ("docs/dark.svg", "docs/a.svg", "20, has the picture docs/a.svg", "20, has the picture docs/dark.svg"),
        ("| 10 |", "| 11 |", "17, has a row of a table with words, 11", "17, has a row of a table with words, 10"),
        (
            "| <!-- --- payments --- -->",
            "|",
            "20, has the picture docs/dark.svg",
            "17, has the comment '--- payments ---'",
        ),
        ("payments", "receipts", "6, has the comment '--- receipts ---'", "6, has the comment '--- payments ---'"),
    ],
)
def test_the_first_difference_is_told_with_both_pages_and_lines(
    here: str, instead: str, found: str, there: str, project: Path
) -> None:
    (project / "README.ko.md").write_text(KOREAN.replace(here, instead, 1), encoding="utf-8")
    assert Translations(project, "ko").findings(()) == [f"README.ko.md, line {found}, where README.md, line {there}"]


def test_what_a_translation_adds_at_its_end_is_told(project: Path) -> None:
    (project / "README.ko.md").write_text(f"{KOREAN}\n## 끝\n", encoding="utf-8")
    assert Translations(project, "ko").findings(()) == [
        "README.ko.md, line 24, has a heading of level 2, where README.md ends"
    ]


@pytest.mark.parametrize(
    ("here", "instead", "found"),
    [
        ("docs/ko/page.md", "docs/page.md", "a link to docs/page.md"),
        ("도착", "`rest`에 도착", "the code `rest`"),
    ],
)
def test_a_link_or_code_that_only_the_translation_has_is_told(
    here: str, instead: str, found: str, project: Path
) -> None:
    (project / "README.ko.md").write_text(KOREAN.replace(here, instead), encoding="utf-8")
    assert Translations(project, "ko").findings(()) == [
        f"README.ko.md, line 4, has {found}, and this section of README.md has not"
    ]


def test_what_a_translation_leaves_out_is_told_with_the_line_of_the_original(project: Path) -> None:
    (project / "README.ko.md").write_text(KOREAN.replace("`shop`", "가게"), encoding="utf-8")
    assert Translations(project, "ko").findings(()) == [
        "README.md, line 4, has the code `shop`, and this section of README.ko.md has not"
    ]


def test_emphasis_that_a_particle_keeps_from_ending_is_found(project: Path) -> None:
    (project / "README.ko.md").write_text(KOREAN.replace("**모두**", "**모두(all)**가"), encoding="utf-8")
    assert Translations(project, "ko").findings(()) == [
        "README.ko.md, line 4: asterisks are shown as they are in '의 이벤트는 **모두(all)**가 도착합니다.'"
    ]


def test_a_required_page_without_a_translation_is_found_and_a_translation_of_nothing(project: Path) -> None:
    (project / "docs/ko/page.md").rename(project / "docs/ko/other.md")
    (project / "README.ko.md").write_text(KOREAN.replace("docs/ko/page.md", "docs/page.md"), encoding="utf-8")
    assert Translations(project, "ko").findings(("docs/page.md",)) == [
        "docs/page.md has no translation in docs/ko/",
        "docs/ko/other.md translates nothing: there is no docs/other.md",
    ]


def test_a_readme_without_a_translation_is_found(project: Path) -> None:
    (project / "README.ko.md").unlink()
    assert Translations(project, "ko").findings(())[0] == "README.md has no translation, README.ko.md"
