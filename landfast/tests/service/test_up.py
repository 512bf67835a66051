"""What `landfast up` does with the service that it has started."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest
import typer
from rich.console import Console

from landfast.cli.up import up
from landfast.service.interrupts import Interrupted, Interrupts
from landfast.service.service import Service


class Started:
    """A service that only knows whether it was ended."""

    ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = True


def test_a_terminal_that_is_gone_when_the_service_has_started_ends_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def status(_: Console, text: str) -> Iterator[None]:
        yield
        raise OSError(5, f"the terminal is gone: {text}")

    service = Started()
    hangup = Interrupted(signal.SIGHUP)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # `up` sets its own
    monkeypatch.setattr(Console, "status", status)
    monkeypatch.setattr(Service, "start", lambda *_, **__: service)
    monkeypatch.setattr(Interrupts, "install", lambda _: None)
    monkeypatch.setattr(Interrupts, "arrived", lambda _: hangup if service.ended else None)
    (tmp_path / "template.yaml").write_text("Resources: {}")
    with pytest.raises(typer.Exit) as ended:
        up(template=tmp_path / "template.yaml", state=tmp_path / "state")
    assert service.ended
    assert ended.value.exit_code == 128 + signal.SIGHUP
