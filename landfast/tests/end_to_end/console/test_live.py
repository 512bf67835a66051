"""The state that every open page is told."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import msgspec

from landfast.console.live import Live, State

if TYPE_CHECKING:
    from landfast.console.context import Context


class Stack:
    """A running stack, as far as its state is told."""

    def __init__(self) -> None:
        self.journal = 7
        self.service = SimpleNamespace(
            store=SimpleNamespace(newest=lambda: self.journal),
            clock=SimpleNamespace(mode="skip", speed=1.0, is_held=False, now=lambda: 1000.0),
        )

    async def apart(self, work: Callable[[], Any]) -> Any:
        return work()

    async def failures(self) -> int:
        return 2


def live(stack: Stack) -> Live:
    return Live(cast("Context", stack), stack.failures)


async def first_of(told: Live) -> State:
    messages = told.messages()
    try:
        return msgspec.json.decode(await anext(messages), type=State)
    finally:
        await messages.aclose()


def test_a_page_is_told_the_state_as_soon_as_it_opens() -> None:
    state = asyncio.run(first_of(live(Stack())))
    assert (state.journal, state.clock.mode, state.failures) == (7, "skip", 2)


def test_a_page_that_opens_later_is_not_told_what_was() -> None:
    async def told() -> tuple[int, int]:
        stack = Stack()
        pages = live(stack)
        before = await first_of(pages)
        stack.journal = 99
        return before.journal, (await first_of(pages)).journal

    assert asyncio.run(told()) == (7, 99)
