"""What is done to many failures at once, without a service."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from landfast.console.jobs import Job, Jobs
from landfast.failures import FailuresError, Replayed

if TYPE_CHECKING:
    from landfast.console.context import Context


class Threads:
    """Does at once what waits."""

    async def apart(self, work: Callable[[], Any]) -> Any:
        return work()


def run(keys: list[str], work: Callable[[Job], Iterator[Replayed]]) -> list[Job]:
    """The jobs of those who ask for these keys, once all are over."""

    async def asked() -> list[Job]:
        over = asyncio.Event()
        begun: list[Job] = []
        jobs = Jobs(cast("Context", Threads()), lambda: over.set() if all(job.is_over() for job in begun) else None)
        begun += [jobs.start(key, work) for key in keys]
        await over.wait()
        return begun

    return asyncio.run(asked())


def test_who_asks_for_the_same_again_gets_the_same_job_and_it_is_done_once() -> None:
    done: list[str] = []

    def work(job: Job) -> Iterator[Replayed]:
        done.append(job.id)
        yield from ()

    first, other, again = run(["a", "b", "a"], work)
    assert again is first
    assert other is not first
    assert done == [first.id, other.id]


def test_what_has_no_name_is_done_each_time() -> None:
    done: list[str] = []

    def work(job: Job) -> Iterator[Replayed]:
        done.append(job.id)
        yield from ()

    first, second = run(["", ""], work)
    assert first is not second
    assert done == [first.id, second.id]


def test_a_job_that_cannot_go_on_says_why_in_one_line() -> None:
    def work(job: Job) -> Iterator[Replayed]:
        yield from ()
        raise FailuresError(f"the store of {job.id}\nis gone")

    [job] = run([""], work)
    assert (job.state, job.message) == ("failed", f"the store of {job.id} is gone")
