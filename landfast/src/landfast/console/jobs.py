"""Work on many failures: begun by one request, told by others until it ends, one at a time."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from itertools import count
from typing import Final, Literal, TypeAlias

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from landfast.console.context import Context
from landfast.console.routes import Asked, Problem, Route
from landfast.errors import LandfastError
from landfast.failures import Replayed
from landfast.service import service_log

_KEPT: Final = 50
_TROUBLES: Final = 100
_LOG = service_log.logger(__name__)


class Job(msgspec.Struct, kw_only=True):
    """A job, as far as it is.

    Attributes:
        id: The job's id.
        state: How far it is; ``stopped`` is one that somebody has ended before its time.
        total: The number of failures that it is about; None until they are found.
        done: The number of failures that it is done with.
        outcomes: The number of failures by what became of them.
        troubles: The first of those that stay, each with the reason.
        mark: What the last one that was replayed is called where it went: a request id or a message id.
        message: Why the job has failed; empty if it has not.
    """

    id: str
    state: Literal["waiting", "running", "done", "stopped", "failed"] = "waiting"
    total: int | None = None
    done: int = 0
    outcomes: dict[str, int] = {}
    troubles: list[Replayed] = []
    mark: str = ""
    message: str = ""

    def is_over(self) -> bool:
        """True if nothing more will be done."""
        return self.state not in {"waiting", "running"}

    def take(self, one: Replayed) -> None:
        """Count a failure that the job is done with."""
        self.done += 1
        self.outcomes[one.outcome] = self.outcomes.get(one.outcome, 0) + 1
        self.mark = one.mark or self.mark
        if one.reason and len(self.troubles) < _TROUBLES:
            self.troubles.append(one)


Work: TypeAlias = Callable[[Job], Iterator[Replayed]]
"""Does a job, in a thread where it may wait: tells it the total, and yields each failure when it is done with it."""


class Jobs:
    """The jobs of a console; only for the endpoint's event loop.

    Args:
        context: Has the threads.
        ended: Called when a job is over.
    """

    def __init__(self, context: Context, ended: Callable[[], None]) -> None:
        self._context = context
        self._ended = ended
        self._numbers = count(1)
        self._jobs: dict[str, Job] = {}
        self._keys: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def routes(self) -> Iterable[Route]:
        """The routes of jobs."""
        yield Route("GET", "/jobs/{id}", self._told)
        yield Route("DELETE", "/jobs/{id}", self._stop)

    def start(self, key: str, work: Work) -> Job:
        """Begin a job, as soon as those before it are over.

        Args:
            key: Names what somebody wants done: whoever asks for the same again gets the same job. An empty one names
                nothing.
            work: Does it.
        """
        if key and (before := self._jobs.get(self._keys.get(key, ""))) is not None:
            return before
        job = Job(id=str(next(self._numbers)))
        self._jobs[job.id] = job
        if key:
            self._keys[key] = job.id
        for old in [*self._jobs][:-_KEPT]:
            if self._jobs[old].is_over():
                del self._jobs[old]
        self._keys = {named: kept for named, kept in self._keys.items() if kept in self._jobs}
        task = asyncio.create_task(self._run(job, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def _run(self, job: Job, work: Work) -> None:
        async with self._turn:
            await self._context.apart(lambda: carry_out(job, work))
        self._ended()

    async def _told(self, asked: Asked) -> Job:
        job = self._jobs.get(asked.parts["id"])
        if job is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"there is no job {asked.parts['id']} any more")
        return job

    async def _stop(self, asked: Asked) -> Job:
        job = await self._told(asked)
        if not job.is_over():
            job.state = "stopped"
        return job


def carry_out(job: Job, work: Work) -> None:
    """Do a job to its end, or until it is stopped: then the failure that it was at is done with, and no other begun."""
    if job.is_over():
        return
    job.state = "running"
    try:
        for one in work(job):
            job.take(one)
            if job.is_over():
                return
        job.state = "done"
    except (LandfastError, BotoCoreError, ClientError, OSError) as error:
        job.state, job.message = "failed", " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - whoever waits for it is told, and the log has the reason
        _LOG.exception("console: a job")
        job.state, job.message = "failed", "the service's log, service.log in the state directory, tells why"
