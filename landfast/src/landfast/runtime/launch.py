"""Starts a runtime client in a worker: `python -S launch.py CLIENT STORAGE KEPT DEBUGPY HANDLER`.

It runs on each Python that Lambda has, from 3.10 on, and sees nothing of Landfast.

`-S` keeps the service's own packages out of the handler's sight, so that a dependency missing from the layer is
missing here as well; `exit()` and `quit()`, which Lambda's interpreter has, come back by hand.

On Linux the worker has a supervisor, as a container has its init: a process that starts it, adopts whatever it leaves
behind (PR_SET_CHILD_SUBREAPER: daemons, children in a session of their own) and, when the worker ends or SIGTERM
arrives, kills all of them before it ends itself, in the same way as the worker did. So nothing that a handler starts
outlives its execution environment, and no privilege is needed. Elsewhere the worker is its own process group, and
what has left that group goes on.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import site
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landfast.runtime import sandbox
else:
    import sandbox

_OPEN_FILES = 1024  # Lambda quotas, "File descriptors"
_REAP_EVERY = 1000  # milliseconds, as the next
_LOOK_EVERY = 10
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class _Terminated(BaseException):
    """SIGTERM has arrived."""


def main(client: str, storage: int, kept: str, debugpy: str, handler: str) -> None:
    """Become the runtime client.

    Args:
        client: `awslambdaric`, or whatever else for our own.
        storage: MiB of its `/tmp`; of its largest file, if it has none of its own.
        kept: `-` leaves it the machine as it is. Otherwise it has no more of it than Lambda gives, and these names, a
            `/` between them, are what it finds of this machine's `/tmp` in its own.
        debugpy: The folder that debugpy is in, if the worker is to wait for a debugger; otherwise `-`.
        handler: Of the function.
    """
    here = sys.path.pop(0)  # `-P`, which leaves this folder out, came with Python 3.11
    if sys.platform == "linux":
        _supervise()
    site.setquit()
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    if kept == "-":
        _limit(resource.RLIMIT_FSIZE, storage * 1024 * 1024)
    else:
        _confine(storage, [name for name in kept.split("/") if name])
    sys.argv[1:] = [handler]
    if debugpy == "-":
        if "PYTHONBREAKPOINT" not in os.environ:
            sys.breakpointhook = _pass_over
    else:
        _wait_for_debugger(debugpy)
    if client == "awslambdaric":
        from awslambdaric.__main__ import main as run  # type: ignore[import-untyped] # noqa: PLC0415 - the worker's own

        run(sys.argv)
    else:
        import runpy  # noqa: PLC0415 - as above

        runpy.run_path(os.path.join(here, "bootstrap.py"), run_name="__main__")  # noqa: PTH118 - pathlib costs a cold start too much


def _confine(storage: int, kept: list[str]) -> None:
    _keep_bytecode(os.open("/", os.O_PATH))
    try:
        sandbox.enter(storage, kept)
    except OSError as error:
        sys.exit(f"the execution environment cannot be made: {error.strerror}")


def _pass_over(*_: object, **__: object) -> None:
    """Do what `breakpoint()` does here: there is no terminal, from which the usual one wants to read."""
    place = sys._getframe(1)  # noqa: SLF001 - the documented way to learn who calls
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    where = f"{place.f_code.co_filename}:{place.f_lineno}"
    sys.stderr.write(f"breakpoint() passed over at {where}; `landfast up --debug {name}` stops there\n")


def _wait_for_debugger(folder: str) -> None:
    """Tell the service where debugpy's adapter listens, and go on when a debugger has set its breakpoints."""
    from http.client import HTTPConnection  # noqa: PLC0415 - only here, as the next

    sys.path.append(folder)
    import debugpy  # noqa: PLC0415, T100 - which is what this option is for

    debugpy.configure(subProcess=False)
    _, port = debugpy.listen(("127.0.0.1", 0))  # noqa: T100 - as above
    service = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    service.request("POST", f"/landfast/debugger/{port}")
    service.getresponse().read()
    service.close()
    debugpy.wait_for_client()  # noqa: T100 - as above
    sys.breakpointhook = debugpy.breakpoint


def _keep_bytecode(root: int) -> None:
    """Let imports write beside their source, as nothing else can, or each cold start would compile it anew.

    Args:
        root: The machine's root folder, opened while it could be written to.
    """
    from importlib.machinery import SourceFileLoader  # noqa: PLC0415 - only the sandbox needs it

    def set_data(_: SourceFileLoader, path: str, data: bytes, *, _mode: int = 0o666) -> None:
        # What Lambda's runtime provides is linked to, and an absolute link would lead back to what cannot be written.
        path = os.path.realpath(path).lstrip("/")
        draft = f"{path}.{os.getpid()}"
        with contextlib.suppress(OSError):  # as Python itself does
            with contextlib.suppress(FileExistsError):
                os.mkdir(os.path.dirname(path), dir_fd=root)  # noqa: PTH120 - as below
            file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _mode & 0o666, dir_fd=root)
            with open(file, "wb") as bytecode:  # noqa: PTH123 - as below
                bytecode.write(data)
            os.replace(draft, path, src_dir_fd=root, dst_dir_fd=root)

    setattr(SourceFileLoader, "set_data", set_data)  # noqa: B010 - mypy sees names of parameters only


def _limit(what: int, most: int) -> None:
    _, ceiling = resource.getrlimit(what)
    if ceiling == resource.RLIM_INFINITY or ceiling > most:
        resource.setrlimit(what, (most, most))


def _supervise() -> None:
    """Fork: the child returns and is the worker; the parent stays here until everything has ended."""
    import ctypes  # noqa: PLC0415 - only Linux needs it

    control = ctypes.CDLL(None).prctl
    control(_PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, _terminate)
    status: int = signal.SIGKILL
    try:
        worker = os.fork()
        if worker == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            control(_PR_SET_PDEATHSIG, signal.SIGKILL)  # should a handler kill its supervisor
            os.setsid()
            return
        _let_go_of_the_output()
        status = _end_of(worker)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    except _Terminated:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _kill_all_children()
    _end_like(status)


def _terminate(*_: object) -> None:
    raise _Terminated


def _let_go_of_the_output() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)


def _end_of(worker: int) -> int:
    """Reap until `worker` has ended.

    Waiting on its descriptor and not in `wait` is for speed: that one wakes whenever the worker is frozen or thawed.
    """
    ends = select.poll()
    patience = _REAP_EVERY
    try:
        ends.register(os.pidfd_open(worker), select.POLLIN)
    except OSError:  # a kernel before 5.3, or a sandbox
        patience = _LOOK_EVERY
    while True:
        ends.poll(patience)
        ended = worker
        while ended:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended == worker:
                return status


def _kill_all_children() -> None:
    """Kill and reap until nobody is left; when one dies, its own children become ours."""
    with contextlib.suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                for child in _children():
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(child, signal.SIGKILL)
                os.wait()


def _children() -> list[int]:
    children = []
    own = str(os.getpid()).encode()
    for name in os.listdir("/proc"):  # noqa: PTH208 - as above
        with contextlib.suppress(ValueError, OSError):
            process = int(name)
            with open(f"/proc/{process}/stat", "rb") as stat:  # noqa: PTH123 - as above
                if stat.read().rpartition(b")")[2].split()[1] == own:
                    children.append(process)
    return children


def _end_like(status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):  # nobody may handle SIGKILL
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
