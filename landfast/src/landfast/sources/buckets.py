"""Keeps whom buckets tell, what was begun and is not known to be done, and the order of events."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from landfast.sources.notifications import Configuration
from landfast.sources.rows import Keep

BUCKET: Final = "bucket "
INTENT: Final = "intent "
SEQUENCE: Final = "sequence "
"""The beginning of the keys of rows; the bucket's name or the intent's number is the rest."""

_NANOSECONDS = 1_000_000_000
_NOTHING: Final = Configuration()


class Intent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request on its way to the engine; its event is sent when it is known to be done.

    Attributes:
        number: The number of the intent; a later one has a larger one.
        operation: AWS's name of the request.
        bucket: The name of the bucket.
        keys: The keys of the objects, each with the version that was asked for, or an empty text.
        time: When it was begun, in Unix seconds of the engine's clock.
        trace: The trace header that came with it.
    """

    number: int
    operation: str
    bucket: str
    keys: tuple[tuple[str, str], ...]
    time: float
    trace: str = ""


class Buckets:
    """All buckets that tell somebody something.

    Args:
        keep: Keeps the rows.
    """

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._sequences: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self.intents: dict[int, Intent] = {}
        """Those that have not ended, by number, in their order."""
        self.configurations: Mapping[str, Configuration] = {}
        """By the bucket's name; replaced and never changed, so that another thread may look into it."""

    def restore(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Take in what was kept."""
        configurations: dict[str, Configuration] = {}
        for key, content in rows:
            if key.startswith(BUCKET):
                configurations[key.removeprefix(BUCKET)] = msgspec.msgpack.decode(content, type=Configuration)
            elif key.startswith(SEQUENCE):
                self._sequences[key.removeprefix(SEQUENCE)] = msgspec.msgpack.decode(content, type=int)
            elif key.startswith(INTENT):
                intent = msgspec.msgpack.decode(content, type=Intent)
                self.intents[intent.number] = intent
        self.intents = dict(sorted(self.intents.items()))
        self.configurations = configurations
        self._numbers = itertools.count(max(self.intents, default=0) + 1)

    def configuration(self, bucket: str) -> Configuration:
        """Whom a bucket tells what."""
        return self.configurations.get(bucket, _NOTHING)

    def configure(self, bucket: str, configuration: Configuration) -> None:
        """Let a bucket tell this and nothing else."""
        others = {name: each for name, each in self.configurations.items() if name != bucket}
        if configuration.empty:
            self.configurations = others
            self._keep(BUCKET + bucket, None)
        else:
            self.configurations = {**others, bucket: configuration}
            self._keep(BUCKET + bucket, msgspec.msgpack.encode(configuration))

    def forget(self, bucket: str) -> None:
        """Forget a bucket that is deleted."""
        if bucket in self.configurations:
            self.configure(bucket, _NOTHING)
        if self._sequences.pop(bucket, None) is not None:
            self._keep(SEQUENCE + bucket, None)

    def begin(self, operation: str, bucket: str, keys: Sequence[tuple[str, str]], time: float, trace: str) -> Intent:
        """Keep that a request is handed to the engine.

        Args:
            operation: AWS's name of it.
            bucket: The bucket's name.
            keys: The keys of the objects, with the versions that were asked for.
            time: In Unix seconds of the engine's clock.
            trace: The trace header that came with it.
        """
        intent = Intent(
            number=next(self._numbers), operation=operation, bucket=bucket, keys=tuple(keys), time=time, trace=trace
        )
        self.intents[intent.number] = intent
        self._keep(_intent_key(intent), msgspec.msgpack.encode(intent))
        return intent

    def end(self, intent: Intent) -> bool:
        """Forget a request whose event is sent in this turn, or that has none; False if that was done before."""
        if self.intents.pop(intent.number, None) is None:
            return False
        self._keep(_intent_key(intent), None)
        return True

    def next_sequence(self, bucket: str, now: float) -> int:
        """The number of a bucket's next event: larger than the one before, and about the time in nanoseconds."""
        number = max(self._sequences.get(bucket, 0) + 1, int(now * _NANOSECONDS))
        self._sequences[bucket] = number
        self._keep(SEQUENCE + bucket, msgspec.msgpack.encode(number))
        return number


def _intent_key(intent: Intent) -> str:
    return f"{INTENT}{intent.number:020d}"
