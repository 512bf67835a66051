"""The scenarios of `docs/`, each simulated once for all tests: none of them changes what comes out."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from landfast.journal import Entry
from landfast.report import page
from landfast.report.account import Account
from landfast.simulate.account import account
from landfast.simulate.run import simulate
from landfast.simulate.scenario import Scenario, read

SCENARIOS = Path(__file__).parents[3] / "docs" / "scenarios"


class Simulated(NamedTuple):
    """A scenario, and the journal of its simulation."""

    scenario: Scenario
    entries: tuple[Entry, ...]


@cache
def simulated(name: str) -> Simulated:
    scenario = read((SCENARIOS / f"{name}.json").read_bytes())
    return Simulated(scenario, tuple(simulate(scenario)[1]))


@cache
def account_of(name: str) -> Account:
    """Return its account, as long as on a page."""
    return account(*simulated(name), page.LIMITS)


@cache
def page_of(name: str) -> str:
    return page.page([account_of(name)])
