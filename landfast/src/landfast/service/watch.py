"""Looks after what a running service cannot do without: its engine and its state directory."""

import threading
import time
from collections.abc import Callable

from landfast.dataplane.engine import Engine
from landfast.dataplane.errors import EngineError
from landfast.service.state import ServiceError, StateDirectory

_LOOK = 0.5
_ASK = 5.0
_SILENT = 10.0


class Watch:
    """A thread that looks every half second, in real time.

    An engine that has ended ends the service: the tables and buckets that it held were in its memory. One that is
    silent is told of once, and waited for: a busy machine is silent as well, and so is a process that somebody has
    stopped for a while.

    Args:
        engine: Tells whether it runs and answers.
        directory: Tells whether it is still there.
        ended: Told what is gone, with an error for the user.
        silent: Told how long the engine has not answered, in seconds; and None when it does again.
    """

    def __init__(
        self,
        engine: Engine,
        directory: StateDirectory,
        *,
        ended: Callable[[str, Exception], None],
        silent: Callable[[float | None], None],
    ) -> None:
        self._engine = engine
        self._directory = directory
        self._ended = ended
        self._silent = silent
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; nothing is told afterwards."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        answered = asked = time.monotonic()
        told = False
        while not self._stopping.wait(_LOOK):
            if self._is_gone():
                return
            if time.monotonic() - asked < _ASK:
                continue
            if self._engine.answers():
                answered = time.monotonic()
            asked = time.monotonic()
            silent = asked - answered > _SILENT
            if silent != told and not self._stopping.is_set():
                told = silent
                self._silent(asked - answered if silent else None)

    def _is_gone(self) -> bool:
        if not self._directory.is_intact():
            self._ended("the state directory", _directory_gone(self._directory))
        elif self._engine.has_ended():
            self._ended("the engine", _engine_gone(self._engine))
        else:
            return False
        return True


def _directory_gone(directory: StateDirectory) -> ServiceError:
    return ServiceError(
        f"{directory.path} was deleted or replaced while the service ran: start again with `landfast up`"
    )


def _engine_gone(engine: Engine) -> EngineError:
    state = engine.state
    return EngineError(
        f"{state.engine} (process {state.pid}) has ended or was killed, and what was in its tables and buckets is "
        f"gone with it; queues, streams and accepted asynchronous events are kept: start again with `landfast up` "
        f"(its log: {engine.log})"
    )
