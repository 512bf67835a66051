import ast
from importlib.util import module_from_spec

import pytest

from landfast import delivery
from landfast.delivery import shards
from tests.architecture.sources import PACKAGE
from tests.mutants.__main__ import nodes, told
from tests.mutants.operators import MACHINES, changes
from tests.mutants.run import Broken, Finder, Ran
from tests.mutants.tree import replaced
from tests.mutations import MUTATIONS, SLOW, Mutation, read
from tests.rules import RULES, SECTIONS

FAIR_QUEUES, KAFKA_TOPICS = 134, 135
RULED = RULES.keys() & {
    FAIR_QUEUES,
    KAFKA_TOPICS,
    *(number for title, numbers in SECTIONS.items() if title[0] in "ABCD" for number in numbers),
}
"""The rules about deliveries: the sections A to D, and what came later."""


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: f"{mutation.rule} {mutation.breaks}")
def test_a_mutation_still_fits_the_code(mutation: Mutation) -> None:
    assert mutation.code != mutation.by
    compile(mutation.applied(), mutation.module, "exec")


def test_a_mutation_that_fits_nowhere_says_what_to_do() -> None:
    stray = Mutation("S-72", "the counter goes on", "landfast.delivery.lane", "Lane._shrink", "x = 1", "x = 2")
    with pytest.raises(ValueError, match=r"S-72 the counter goes on: src/landfast/delivery/lane\.py: 'x = 1' is 0"):
        stray.applied()


def test_each_mutation_has_tests_that_carry_the_number_of_its_rule() -> None:
    assert {rule for rule in {mutation.rule for mutation in MUTATIONS} if not nodes(rule)} == set()


def test_each_rule_has_a_mutation_or_a_reason_why_only_slow_tests_can_observe_it() -> None:
    broken = {int(mutation.rule[2:]) for mutation in MUTATIONS if mutation.rule.startswith("S")}
    assert len(RULED) > 100
    assert RULED - broken == SLOW.keys()
    assert broken <= RULES.keys()


def test_no_mutation_is_there_twice() -> None:
    assert len({(each.rule, each.place, each.code, each.by) for each in MUTATIONS}) == len(MUTATIONS)


# The table


def test_a_table_is_read_with_its_places_and_several_lines_of_code() -> None:
    table = """
# A comment.
[delivery.lane Lane.offer]
S-51 the order is lost
  - a()
  - b()
  + pass
[delivery.scaling]
U-13 it is another
  - 1
  + 2
"""
    assert list(read(table)) == [
        Mutation("S-51", "the order is lost", "landfast.delivery.lane", "Lane.offer", "a()\nb()", "pass"),
        Mutation("U-13", "it is another", "landfast.delivery.scaling", "", "1", "2"),
    ]


def test_a_line_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="no mutation: 'S-51: the order is lost'"):
        list(read("S-51: the order is lost"))


# The syntax tree

SOURCE = """
class A:
    def f(self, x):
        if (x <
                1):  # a comment
            self.n += 1
            return x
        return x + 1

def f(x):
    return x < 1
"""


@pytest.mark.parametrize(
    ("place", "code", "by", "expected"),
    [
        ("A.f", "x < 1", "x <= 1", "if x <= 1:"),
        ("f", "x < 1", "x <= 1", "return x <= 1"),
        ("A", "self.n += 1", "pass", "            pass\n            return x\n"),
        ("A.f", "self.n += 1\nreturn x", "return 0", "if x < 1:\n            return 0\n"),
        ("A.f", "return x + 1", "a = 1\nreturn a", "        a = 1\n        return a\n"),
        (
            "",
            "class A:\n  def f(self, x):\n    if x<1:\n      self.n += 1\n      return x\n    return x+1",
            "pass",
            "pass",
        ),
    ],
)
def test_a_piece_is_replaced_in_its_place_whatever_its_layout(place: str, code: str, by: str, expected: str) -> None:
    assert expected in replaced(SOURCE, place, code, by)


@pytest.mark.parametrize(
    ("place", "code", "message"),
    [
        ("", "x < 1", "'x < 1' is 2 times in the module, not once"),
        ("A.f", "x < 2", "'x < 2' is 0 times in A.f, not once"),
        ("A.g", "x < 1", "g of A.g is there 0 times, not once"),
    ],
)
def test_a_piece_that_is_not_there_once_says_so(place: str, code: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replaced(SOURCE, place, code, "None")


# Running


def test_a_broken_module_is_imported_in_place_of_its_file() -> None:
    finder = Finder(Broken(shards.__name__, "class ShardTree:\n    parents_first = 'broken'\n"))
    spec = finder.find_spec(shards.__name__, delivery.__path__)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (module.ShardTree.parents_first, module.__file__) == ("broken", shards.__file__)
    assert finder.find_spec("landfast.delivery.lane", delivery.__path__) is None


@pytest.mark.parametrize(
    ("ran", "fate"),
    [
        (Ran(["tests/delivery/test_lane.py::test_s_051_order[a::b]"]), "caught by test_s_051_order"),
        (Ran([]), "SURVIVED"),
        (Ran([], problem="no end after 20 s"), "unknown: no end after 20 s"),
        (Ran(["tests/delivery/test_lane.py::test_it"], problem="exit status 3"), "unknown: exit status 3"),
    ],
)
def test_only_a_test_that_failed_has_caught_something_and_what_has_no_end_is_unknown(ran: Ran, fate: str) -> None:
    assert told(ran) == fate


# The sample


def test_every_machine_can_be_broken_mechanically_and_each_change_is_another_module() -> None:
    found = list(changes())
    assert {change.machine for change in found} == MACHINES.keys()
    for change in {change.machine: change for change in found}.values():
        source = ast.unparse(ast.parse((PACKAGE / f"delivery/{change.machine}.py").read_text()))
        assert change.broken().code != source
