"""The command line. Heavy imports happen where they are used, so that ``--help`` is quick."""

import sys

_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells count."""


def main() -> None:
    """Run the command that the arguments name; the entry point."""
    try:
        from landfast.cli.app import run

        run()
    except KeyboardInterrupt:  # at whatever moment, while modules are loaded, too
        sys.exit(_INTERRUPTED)
