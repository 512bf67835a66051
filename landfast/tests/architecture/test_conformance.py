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
    links = set(re.findall(r"\]\(([^)]+)\)", page(collect())))
    assert len(links) > 20
    assert [link for link in links if not (ROOT / "docs" / link).is_file()] == []


def test_every_rule_is_one_row_of_the_conformance_page() -> None:
    rows = re.findall(r"^\| (S-\d+) \|", page(collect()), re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert {str(Rule("S", number)) for number in RULES} <= set(rows)
