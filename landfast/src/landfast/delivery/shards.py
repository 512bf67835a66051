"""Which shards of a stream may be read: parents before their children (S-51, U-12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class ShardTree:
    """The shards of a stream and who begot whom.

    Attributes:
        parents_first: U-12; otherwise every shard may be read at once.
    """

    parents_first: bool = True
    _parents: dict[str, frozenset[str]] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _begun: set[str] = field(default_factory=set)

    def know(self, parents: Mapping[str, Iterable[str]], done: Iterable[str] = ()) -> None:
        """Take in the stream's shards, each with its parents (two after a merge), and those done in an earlier run."""
        self._parents.update({shard: frozenset(of) for shard, of in parents.items()})
        self._done.update(done)

    def drained(self, shard: str) -> None:
        """The shard has ended, and all of it is done."""
        self._done.add(shard)

    def begin(self) -> list[str]:
        """The shards that may be read from now on, each named once; a parent that the stream forgot is no obstacle."""
        ready = [shard for shard in sorted(self._parents) if shard not in self._begun | self._done]
        if self.parents_first:
            ready = [shard for shard in ready if not (self._parents[shard] & self._parents.keys()) - self._done]
        self._begun.update(ready)
        return ready
