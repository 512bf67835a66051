"""Carries out what a machine asks for: one action after the other, and what they leave behind in one commit."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from landfast.delivery.actions import Action
from landfast.driver.world import Change
from landfast.journal import Entry

R = TypeVar("R")


@dataclass(slots=True)
class Step:
    """The notes and changes that the actions of one answer leave behind.

    Attributes:
        notes: For the journal.
        changes: To be kept durably.
        delivered: The ids of the records that some destination has taken.
        refused: The ids of those that some destination has refused.
    """

    notes: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


Done: TypeAlias = Callable[[], None]
Perform: TypeAlias = Callable[[Action[R], Step, Done], None]


class Outbox(Generic[R]):
    """The actions that are still to be carried out.

    An action that takes time (a delivery, a deletion) holds up those behind it, since they depend on how it ends: a
    record whose destination refused it is dropped, and a checkpoint must not pass a record that is not yet delivered.

    Args:
        perform: Carries out one action and calls `Done` when it has ended, at once or later.
        commit: Takes what the actions have left behind, each time that nothing is left to carry out.
    """

    __slots__ = ("_actions", "_commit", "_perform", "_running", "_step", "_under_way")

    def __init__(self, perform: Perform[R], commit: Callable[[Step], None]) -> None:
        self._perform = perform
        self._commit = commit
        self._actions: deque[Action[R]] = deque()
        self._step: Step | None = None
        self._under_way = False
        self._running = False

    @property
    def is_empty(self) -> bool:
        """True if everything is carried out and committed."""
        return not (self._actions or self._step or self._under_way)

    def take(self, actions: Sequence[Action[R]], notes: Sequence[Entry] = ()) -> None:
        """Carry out `actions` after those that are still to be carried out, noting `notes` before them."""
        if notes:
            self._opened().notes.extend(notes)
        self._actions.extend(actions)
        self._run()

    def _opened(self) -> Step:
        if self._step is None:
            self._step = Step()
        return self._step

    def _run(self) -> None:
        # What an action answers at once comes back in here: the loop below goes on, and is not begun twice.
        if self._running or self._under_way:
            return
        self._running = True
        while (self._actions or self._step) and not self._under_way:
            if self._actions:
                self._under_way = True
                self._perform(self._actions.popleft(), self._opened(), self._done)
            elif self._step:
                step, self._step = self._step, None
                self._commit(step)
        self._running = False

    def _done(self) -> None:
        self._under_way = False
        self._run()
