import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from landfast.dataplane import engine as engines
from landfast.service import watch as watches
from landfast.service.state import StateDirectory
from landfast.service.watch import Watch
from tests.service.conftest import eventually

STATE = engines.State(engine="moto", data_id="x", pid=77, port=1, stack="shop", account="123456789012")


@dataclass
class MadeUpEngine:
    gone: bool = False
    silent: bool = False
    asked: int = 0
    state: engines.State = STATE
    log: Path = Path("engine.log")

    def has_ended(self) -> bool:
        return self.gone

    def answers(self) -> bool:
        self.asked += 1
        return not self.silent


@dataclass
class Watched:
    directory: StateDirectory
    engine: MadeUpEngine = field(default_factory=MadeUpEngine)
    ended: list[tuple[str, Exception]] = field(default_factory=list)
    told: list[float | None] = field(default_factory=list)

    def begin(self) -> Watch:
        watch = Watch(
            cast("engines.Engine", self.engine),
            self.directory,
            ended=lambda what, error: self.ended.append((what, error)),
            silent=self.told.append,
        )
        watch.start()
        return watch


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(watches, "_LOOK", 0.01)
    monkeypatch.setattr(watches, "_ASK", 0.02)
    monkeypatch.setattr(watches, "_SILENT", 0.1)
    others = set(threading.enumerate())  # a service that other tests share has its own watch
    with StateDirectory(tmp_path / "state") as directory:
        one = Watched(directory)
        watch = one.begin()
        yield one
        watch.stop()
    assert "watch" not in {thread.name for thread in set(threading.enumerate()) - others}


def test_an_engine_that_has_ended_is_told_once_with_what_to_do(watched: Watched) -> None:
    assert eventually(lambda: watched.engine.asked > 2)
    assert watched.ended == []
    watched.engine.gone = True
    assert eventually(lambda: bool(watched.ended))
    [(what, error)] = watched.ended
    assert what == "the engine"
    assert "moto (process 77) has ended or was killed" in str(error)
    assert "accepted asynchronous events are kept: start again with `landfast up`" in str(error)
    assert "\n" not in str(error)


def test_a_state_directory_that_is_gone_is_told(watched: Watched) -> None:
    watched.directory.path.rename(watched.directory.path.with_name("moved"))
    assert eventually(lambda: bool(watched.ended))
    [(what, error)] = watched.ended
    assert what == "the state directory"
    assert "was deleted or replaced while the service ran" in str(error)


def test_a_silent_engine_is_told_once_and_waited_for_and_its_first_answer_is_told(watched: Watched) -> None:
    watched.engine.silent = True
    assert eventually(lambda: bool(watched.told))
    asked = watched.engine.asked
    assert eventually(lambda: watched.engine.asked > asked + 5)
    [silence] = watched.told
    assert silence is not None
    assert silence > 0.1
    watched.engine.silent = False
    assert eventually(lambda: len(watched.told) == 2)
    assert watched.told[1] is None
    assert watched.ended == []
