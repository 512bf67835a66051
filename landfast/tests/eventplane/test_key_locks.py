"""Who writes the same thing takes turns; who is alone is alone."""

import asyncio

from landfast.eventplane.key_locks import Gate, KeyLocks


def test_writers_of_different_keys_go_side_by_side_and_of_the_same_one_in_turn() -> None:
    async def play() -> list[str]:
        locks, seen = KeyLocks(), []

        async def write(name: str, *keys: str) -> None:
            async with locks.holding(keys):
                seen.append(f"{name} begins")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                seen.append(f"{name} ends")

        await asyncio.gather(write("first", "a", "b"), write("other", "c"), write("second", "b", "a"))
        return seen

    seen = asyncio.run(play())
    assert seen.index("other begins") < seen.index("first ends")
    assert seen.index("first ends") < seen.index("second begins")


def test_who_is_alone_waits_for_those_inside_and_keeps_others_out() -> None:
    async def play() -> list[str]:
        gate, seen = Gate(), []

        async def beside(name: str) -> None:
            async with gate.beside_others():
                seen.append(f"{name} in")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                seen.append(f"{name} out")

        async def alone() -> None:
            async with gate.alone():
                seen.append("alone in")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                seen.append("alone out")

        await asyncio.gather(beside("first"), beside("second"), alone(), beside("late"))
        return seen

    seen = asyncio.run(play())
    assert seen.index("second in") < seen.index("first out")
    assert max(seen.index("first out"), seen.index("second out")) < seen.index("alone in")
    assert seen.index("alone out") < seen.index("late in")
