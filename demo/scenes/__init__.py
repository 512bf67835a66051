"""What the demonstration sends through the shop, one module a pipeline, named after its function.

A scene tells what happens, looks for what it has sent in the tables, queues, buckets and topics themselves, and says
at the end where all of it must be. Where another pipeline feeds its own, it follows what that one hands on; where that
one is not there, it sends events of its own. So a pipeline can be removed with its scene, and the others still play.
"""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from demo.landing import Landing, landing

if TYPE_CHECKING:
    from demo.shop import Shop
    from demo.tour import Tour
    from landfast.testing import Running


class Scene(ABC):
    """A pipeline's part of the tour. Each module has one, of this name.

    Attributes:
        keeps: The logical ids of the queues and buckets whose content the scene's own landings tell of.
    """

    keeps: frozenset[str] = frozenset()

    def __init__(self, tour: "Tour", samples: Path) -> None:
        """Subscribe to what has to be heard from the beginning.

        Args:
            tour: The run that it is a part of.
            samples: The folder of the sample events.
        """
        self._tour = tour
        self._shop = tour.shop
        self._samples = samples

    @abstractmethod
    def play(self) -> None:
        """Send events, and tell what becomes of them."""

    def again(self) -> None:  # noqa: B027 - most scenes send nothing twice
        """Send some of it a second time, after all scenes have been played."""

    @abstractmethod
    def landings(self) -> Sequence[Landing]:
        """Where all of it must be, and whether it is."""


def found(running: "Running") -> Iterator[type[Scene]]:
    """The scenes of the template's functions, in the template's order."""
    for function in running.of_kind("function"):
        name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in function.logical_id)[1:]
        if (Path(__file__).parent / f"{name}.py").exists():
            scene: type[Scene] = importlib.import_module(f"{__name__}.{name}").Scene
            yield scene


def kept_elsewhere(shop: "Shop", scenes: Iterable[Scene]) -> Landing:
    """What must be in none of the other queues and buckets: nothing."""
    told = {name for scene in scenes for name in scene.keeps}
    left = [queue for queue, held in shop.held().items() if queue not in told for _ in range(held)]
    buckets = [bucket.logical_id for bucket in shop.running.of_kind("bucket")]
    objects = [f"{bucket}/{key}" for bucket in buckets if bucket not in told for key in shop.keys(bucket)]
    return landing("all", 0, "everything", place="no other queue or failure store", wanted=[], found=[*left, *objects])
