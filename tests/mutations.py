"""Delivery rules, broken one at a time: each mutation replaces one piece of code by one that breaks a rule."""

from pathlib import Path
from typing import NamedTuple

PACKAGE = Path("landfast")


class Mutation(NamedTuple):
    """One broken rule.

    Attributes:
        rule: The number that its tests carry, as in ``s_072``.
        breaks: What becomes of the rule.
        module: The file, below `PACKAGE`.
        code: What is replaced; it occurs in the file exactly once.
        by: What stands there instead.
    """

    rule: str
    breaks: str
    module: str
    code: str
    by: str

    def applied(self, source: str) -> str:
        """The file's text, with the rule broken.

        Raises:
            ValueError: The code is not there exactly once.
        """
        count = source.count(self.code)
        if count != 1:
            raise ValueError(f"{self.rule}, {self.breaks}: {self.code!r} occurs {count} times in {self.module}")
        return source.replace(self.code, self.by)


ASYNCHRONOUS = "delivery/asynchronous.py"
LANE = "delivery/lane.py"
PARTIAL = "delivery/partial_responses.py"
QUEUE = "delivery/queue.py"
STREAM = "delivery/stream.py"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation("s_004", "both waits are one minute", ASYNCHRONOUS, "_RETRY_WAIT * progress.attempts", "_RETRY_WAIT"),
    Mutation(
        "s_006",
        "a throttled try uses up a retry",
        ASYNCHRONOUS,
        "return replace(progress, misses=progress.misses + 1,",
        "return replace(progress, attempts=progress.attempts + 1, misses=progress.misses + 1,",
    ),
    Mutation(
        "s_010",
        "with reserved concurrency 0 the function runs",
        ASYNCHRONOUS,
        "if self._reserved_concurrency == 0:",
        "if self._reserved_concurrency == -1:",
    ),
    Mutation(
        "s_012",
        "the age is not looked at ahead",
        ASYNCHRONOUS,
        "if now - progress.accepted + wait >= self._config.maximum_event_age:",
        "if now - progress.accepted >= self._config.maximum_event_age:",
    ),
    Mutation(
        "s_012",
        "a retry may start when the age is reached",
        ASYNCHRONOUS,
        "if now - progress.accepted + wait >= self._config.maximum_event_age:",
        "if now - progress.accepted + wait > self._config.maximum_event_age:",
    ),
    Mutation(
        "s_026",
        "beside a destination the dead-letter queue gets nothing",
        ASYNCHRONOUS,
        "actions += self._bury(event, progress, verdict)",
        "actions = actions or self._bury(event, progress, verdict)",
    ),
    Mutation(
        "s_045",
        "an idle shard is read without a pause",
        STREAM,
        "interval = POLL_INTERVAL[self.config.kind]",
        "interval = 0.1",
    ),
    Mutation(
        "s_049",
        "the checkpoint passes records that are not done",
        STREAM,
        "while self._open and self._open[0] in self._done:",
        "while self._open and self._done:",
    ),
    Mutation(
        "s_053",
        "the checkpoint stays behind the records that are done",
        STREAM,
        "self.checkpoint = self._open.popleft()",
        "self.checkpoint = self.checkpoint or self._open[0]; self._open.popleft()",
    ),
    Mutation(
        "s_056",
        "there is one attempt too many",
        LANE,
        "elif limit != ENDLESS and batch.attempts > limit:",
        "elif limit != ENDLESS and batch.attempts > limit + 1:",
    ),
    Mutation(
        "s_057",
        "throttled tries count as attempts",
        LANE,
        "batch.misses += 1",
        "batch.misses += 1; batch.attempts += 1",
    ),
    Mutation(
        "s_059",
        "age takes the young records along",
        LANE,
        "gone = max(expired, old)",
        "gone = old = len(batch.records)",
    ),
    Mutation(
        "s_060",
        "a split uses up a retry",
        LANE,
        "attempts = batch.attempts - 1 if self.settings.bisect_keeps_attempts else 0",
        "attempts = batch.attempts",
    ),
    Mutation("u_014", "the right half comes first", LANE, "for part in (right, left)]", "for part in (left, right)]"),
    Mutation(
        "s_062",
        "the next batch is formed before the right half is done",
        LANE,
        "        if self._work:\n            yield from self._try(now)\n",
        "        if self._work and not self.config.bisect:\n            yield from self._try(now)\n",
    ),
    Mutation(
        "s_065",
        "partial responses that ran out are `Unhandled`",
        LANE,
        "batch.error, batch.version = None, version",
        'batch.error, batch.version = "Unhandled", version',
    ),
    Mutation(
        "s_070",
        "the last of the reported records is the checkpoint",
        PARTIAL,
        "for index, sequence in enumerate(sequences) if sequence in failed)",
        "for index, sequence in reversed([*enumerate(sequences)]) if sequence in failed)",
    ),
    Mutation(
        "s_070",
        "invalid identifiers are ignored",
        PARTIAL,
        "return valid if len(valid) == len(identifiers) else None",
        "return valid",
    ),
    Mutation(
        "s_072",
        "the counter goes on when the checkpoint moves",
        LANE,
        "self._work[-1] = Batch(rest, window=self.open_window)",
        "self._work[-1] = Batch(rest, batch.attempts + 1, window=self.open_window)",
    ),
    Mutation(
        "s_077",
        "a batch holds records of two windows",
        LANE,
        "if size + record.size > PAYLOAD_LIMIT or (end is not None and record.arrived >= end):",
        "if size + record.size > PAYLOAD_LIMIT:",
    ),
    Mutation(
        "u_011",
        "a failing lane holds back its shard",
        STREAM,
        "blocked = self._settings.failing_lane_blocks_shard and any(",
        "blocked = any(",
    ),
    Mutation(
        "s_093",
        "after a function error the batch is deleted",
        QUEUE,
        'yield from self._end(batch, everything, "S-93", now)',
        'yield from self._end(batch, frozenset(), "S-93", now)',
    ),
    Mutation(
        "s_095",
        "a message is delivered once too often",
        "simulate/sqs.py",
        "if stored.receives == self.attributes.max_receive_count:",
        "if stored.receives - 1 == self.attributes.max_receive_count:",
    ),
    Mutation(
        "s_097",
        "identifiers that are not in the batch are ignored",
        PARTIAL,
        "if identifiers is None or not set(identifiers) <= set(message_ids):",
        "if identifiers is None:",
    ),
    Mutation(
        "s_099",
        "what follows a failed message of its group is handled",
        QUEUE,
        "if self._stopped or each.group in blocked or self._too_late(each, now)]",
        "if self._stopped or self._too_late(each, now)]",
    ),
    Mutation(
        "s_104", "messages that no filter matches stay in the queue", QUEUE, "yield Delete(unwanted)", "yield from ()"
    ),
)
