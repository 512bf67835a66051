"""Gives a process no more of the machine than Lambda gives a function, without any privilege (S-138).

Linux user and mount namespaces do it, as bubblewrap uses them: whatever is mounted becomes read-only, `/tmp` is a file
system of the process's own with a size, and `/dev` has the usual devices but no `shm`. It ends with the process and
its children, and nobody else sees it. Run as a script, `python sandbox.py` tells whether that can be done here.

Workers import it on each Python that Lambda has, so it knows nothing of Landfast and is quick to import.
"""

from __future__ import annotations

import os
import resource
import sys

TMP = "/tmp"  # noqa: S108 - the one that handlers use
PROCESSES = 1024
"""Processes and threads of an execution environment (Lambda quotas)."""

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_COUNTS_BY_NAMESPACE = (5, 14)
"""The Linux from which on RLIMIT_NPROC counts the processes of a user namespace, and not all of the user's."""

# Of Linux's headers sched.h, mount.h, prctl.h, securebits.h and capability.h; the number of the call is that of
# x86_64 and aarch64.
_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_SLAVE = 2, 4, 8, 4096, 16384, 1 << 19
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
_PR_SET_SECUREBITS, _NO_ROOT_LOCKED = 28, 0b11
_CAPABILITY_VERSION = 0x20080522


def enter(storage: int, kept: list[str]) -> None:
    """Confine this process, which must have one thread only, for good.

    Args:
        storage: The MiB of its `/tmp`.
        kept: Names of what this machine's `/tmp` holds that the process has to read: it finds them in its own,
            read-only.

    Raises:
        OSError: The system does not allow it.
    """
    here = os.getcwd()  # noqa: PTH109 - pathlib costs a cold start too much
    system = _System()
    system.unshare()
    system.replace_devices()
    system.make_all_read_only()
    system.replace_tmp(storage, kept)
    os.chdir(here)
    system.drop_capabilities()
    if tuple(map(int, os.uname().release.split(".")[:2])) >= _COUNTS_BY_NAMESPACE:
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))


class _System:
    """The calls of Linux that Python has no function for on each of its versions."""

    def __init__(self) -> None:
        import ctypes  # noqa: PLC0415 - only Linux comes here

        self._ctypes = ctypes
        self._library = ctypes.CDLL(None, use_errno=True)

    def unshare(self) -> None:
        """Leave the machine's namespaces, as the same user."""
        user, group = os.getuid(), os.getgid()
        self._call("unshare", _CLONE_NEWUSER | _CLONE_NEWNS)
        for name, content in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - as above
                file.write(content)
        self._mount("none", "/", None, _MS_REC | _MS_SLAVE)

    def replace_devices(self) -> None:
        devices = {name: os.open(f"/dev/{name}", os.O_PATH) for name in _DEVICES if os.access(f"/dev/{name}", os.F_OK)}
        self._mount("tmpfs", "/dev", "tmpfs", _MS_NOSUID | _MS_NOEXEC, "mode=755,size=64k")
        for name, descriptor in devices.items():
            os.close(os.open(f"/dev/{name}", os.O_CREAT))
            self._bind(descriptor, f"/dev/{name}")
        for name, target in _DEVICE_LINKS.items():
            os.symlink(target, f"/dev/{name}")  # noqa: PTH211 - as above

    def make_all_read_only(self) -> None:
        attributes = (self._ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY, 0, 0, 0)
        size = self._ctypes.sizeof(attributes)
        self._call("syscall", _SYS_MOUNT_SETATTR, _AT_FDCWD, b"/", _AT_RECURSIVE, attributes, size)

    def replace_tmp(self, storage: int, kept: list[str]) -> None:
        folders = {name: os.open(f"{TMP}/{name}", os.O_PATH) for name in kept}
        self._mount("tmpfs", TMP, "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode=700,size={storage}m")
        for name, descriptor in folders.items():
            os.mkdir(f"{TMP}/{name}")  # noqa: PTH102 - as above
            self._bind(descriptor, f"{TMP}/{name}")

    def drop_capabilities(self) -> None:
        """Give up for good what unshare has given, also for root, or all of this could be undone."""
        self._call("prctl", _PR_SET_SECUREBITS, _NO_ROOT_LOCKED, 0, 0, 0)
        none = (self._ctypes.c_uint32 * 6)()
        self._call("capset", (self._ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), none)

    def _mount(self, source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
        texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
        self._call("mount", *texts[:3], self._ctypes.c_ulong(flags), texts[3])

    def _bind(self, descriptor: int, target: str) -> None:
        self._mount(f"/proc/self/fd/{descriptor}", target, None, _MS_BIND | _MS_REC)
        os.close(descriptor)

    def _call(self, function: str, *arguments: object) -> None:
        if getattr(self._library, function)(*arguments) < 0:
            number = self._ctypes.get_errno()
            raise OSError(number, f"{os.strerror(number)} ({function})")


if __name__ == "__main__":
    try:
        enter(1, [])
    except OSError as error:
        sys.exit(error.strerror)
