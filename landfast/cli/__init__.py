"""The command line. Heavy imports happen where they are used, so that ``--help`` is quick."""


def main() -> None:
    """Run the command that the arguments name; the entry point."""
    from landfast.cli.app import run

    run()
