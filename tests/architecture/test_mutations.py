import pytest

from tests.architecture.sources import ROOT
from tests.mutants import nodes
from tests.mutations import MUTATIONS, PACKAGE, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: f"{mutation.rule} {mutation.breaks}")
def test_a_mutation_still_fits_the_code_and_has_tests(mutation: Mutation) -> None:
    source = (ROOT / PACKAGE / mutation.module).read_text()
    assert mutation.applied(source) != source
    compile(mutation.applied(source), mutation.module, "exec")
    assert nodes(mutation.rule)


def test_a_mutation_that_fits_nowhere_says_so() -> None:
    with pytest.raises(ValueError, match=r"'x = 1' occurs 0 times in delivery/lane\.py"):
        Mutation("s_072", "nothing", "delivery/lane.py", "x = 1", "x = 2").applied("y = 1")
