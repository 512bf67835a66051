import re

from tests.architecture.sources import ROOT
from tests.conformance import Rule, collect, page, problems
from tests.rules import RULES


def test_every_rule_has_a_test_and_every_test_a_rule() -> None:
    assert list(problems(collect())) == []


def test_a_rule_without_its_tests_would_be_missed() -> None:
    found = [test for test in collect() if Rule("S", 72) not in test.rules]
    assert list(problems(found)) == ["S-72 has no test: name one test_s_072_..."]


def test_every_link_of_the_conformance_page_leads_to_a_file() -> None:
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", page(collect()))}
    assert len(links) > 20
    assert [link for link in links if not (ROOT / "docs" / link).is_file()] == []


def test_every_rule_is_one_row_of_the_conformance_page() -> None:
    rows = re.findall(r"^\| \[(S-\d+)\]", page(collect()), re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert {str(Rule("S", number)) for number in RULES} <= set(rows)


WRITTEN = [
    path
    for folder in ("landfast/src", "functions", "layers", "docs", "template.yaml", "README.md")
    for path in ((ROOT / folder).rglob("*") if (ROOT / folder).is_dir() else [ROOT / folder])
    if path.suffix in {".py", ".md", ".txt", ".yaml"} and "node_modules" not in path.parts
]


def test_every_number_of_a_rule_that_is_written_anywhere_leads_to_the_rule() -> None:
    known = set(re.findall(r'<a id="([su]-\d+)"></a>', (ROOT / "docs" / "rules.md").read_text()))
    told = {
        (number.lower(), str(path.relative_to(ROOT)))
        for path in WRITTEN
        for number in re.findall(r"\b(?:S-\d{2,3}|U-\d{1,2})\b", path.read_text(errors="replace"))
    }
    assert len(told) > 200
    assert sorted({(number, path) for number, path in told if number not in known}) == []
