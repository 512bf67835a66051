"""The command line. Heavy imports happen where they are used, so that ``--help`` is quick."""

import sys

_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells count."""


def main() -> None:
    """Run the command that the arguments name; the entry point."""
    if sys.platform == "win32":  # asked before anything is imported that only POSIX has
        sys.exit("landfast: it runs on Linux and macOS: on Windows, install and run it in WSL (wsl --install)")
    try:
        from landfast.cli.app import run

        run()
    except KeyboardInterrupt:  # at whatever moment, while modules are loaded, too
        sys.exit(_INTERRUPTED)
