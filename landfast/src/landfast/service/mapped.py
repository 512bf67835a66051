"""The parts that every event source mapping of a running service has."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from landfast.delivery.settings import Settings
from landfast.service.functions import Target
from landfast.service.world import LiveWorld, Shared

S = TypeVar("S")
C = TypeVar("C")
M = TypeVar("M", bound="Mapped[Any, Any]")


@dataclass(frozen=True, slots=True)
class Mapped(Generic[S, C]):
    """One mapping.

    Attributes:
        source: The logical id of the mapping, which names it in the journal.
        target: The function that the mapping calls.
        reads: The stream or queue.
        config: The settings of the mapping.
        settings: The unconfirmed points.
    """

    source: str
    target: Target
    reads: S
    config: C
    settings: Settings


class Reader(ABC, Generic[M]):
    """Reads the source of a mapping.

    Args:
        mapping: The mapping.
        shared: The parts that all sources have in common.
    """

    def __init__(self, mapping: M, shared: Shared) -> None:
        self._mapping = mapping
        self._loop = shared.loop
        self._world = LiveWorld(shared, mapping.target, mapping.source)

    @property
    def source(self) -> str:
        """The name of the mapping."""
        return self._mapping.source

    @property
    def target(self) -> Target:
        """The function that it calls."""
        return self._mapping.target

    @abstractmethod
    def start(self) -> None:
        """Begin to read; from any thread."""

    @abstractmethod
    def stop(self, stopped: Callable[[], None]) -> None:
        """Begin nothing more; in the driver's thread. Another reader of the mapping can go on where it stops.

        Args:
            stopped: Told once what is under way has ended.
        """

    @abstractmethod
    def is_busy(self) -> bool:
        """Tell whether something was read or received and has not ended."""

    def oldest(self) -> float | None:
        """The age in seconds of the oldest record that was read last; None where the source has no such age."""
        return None

    @abstractmethod
    def states(self) -> list[tuple[int, str]]:
        """For each shard, or for the queue: how many invocations are under way, and how far it has come, for people."""
