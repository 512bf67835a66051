"""``landfast new``: make a project of a starter."""

from pathlib import Path
from typing import Annotated

import typer


def new(
    folder: Annotated[
        Path, typer.Argument(help="The project's name, or the folder to make, which is named so.", metavar="NAME")
    ],
    *,
    origin: Annotated[
        str | None,
        typer.Option(
            "--from", help="The starter; without it, the one that came with landfast.", metavar="ZIP|URL|FOLDER"
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option("--pipelines", help="Those that the project shall have; all without it.", metavar="NAMES"),
    ] = None,
) -> None:
    """Make a project of a starter.

    The project is named after itself, and is a git repository with its first commit. A starter is a folder with a file
    starter.toml, or a zip of one; nothing of it is run.

    Example: landfast new my-app --from ../our-starter --pipelines orders,late-mails
    """
    from landfast.starter import make

    made = make(folder, origin, keep)
    has = f" with {', '.join(made.pipelines)}" if made.pipelines else ""
    typer.echo(f"made {made.folder}{has}")
    for note in made.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"next: cd {made.folder}, where README.md says what to do")
