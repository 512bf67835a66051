"""Each replay of the runbooks, rehearsed: something fails, the commands of its section are given, and it has landed."""

import pytest

from landfast.testing import Stack
from tests.end_to_end.runbooks import COMMANDS, rehearsals

REHEARSALS = rehearsals()


@pytest.mark.parametrize("title", REHEARSALS)
def test_a_replay_of_the_runbooks_lands(title: str, landfast: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    REHEARSALS[title](landfast, monkeypatch)


def test_every_replay_of_the_runbooks_is_rehearsed() -> None:
    assert {title for title, commands in COMMANDS.items() if commands} == REHEARSALS.keys()
