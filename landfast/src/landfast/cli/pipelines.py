"""``landfast pipelines``: take pipelines out of a project."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    help=(
        "Take pipelines out of a project, by marks in its files and by the names of its functions.\n\n"
        "A comment that is alone in its line, as in '# --- orders ---', gives the lines after it to the pipeline "
        "orders, up to the next mark; '# --- shared ---' ends it. At the end of a line it gives that line. Files and "
        "folders that are named after a function of the pipeline's section of template.yaml go with it."
    ),
    no_args_is_help=True,
)

Names = Annotated[str, typer.Argument(help="Names with commas between them; dashes stand for blanks.", metavar="NAMES")]
Project = Annotated[Path, typer.Option("--project", help="The project's folder.", metavar="FOLDER")]
Force = Annotated[bool, typer.Option("--force", help="Do it although there are changes that are not committed.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")]

_HERE = Path()


@app.command(name="list")
def list_(*, project: Project = _HERE) -> None:
    """List the project's pipelines, each with its functions.

    Example: landfast pipelines list
    """
    from landfast.starter.pipelines import known_in

    for name, functions in known_in(project).items():
        typer.echo(f"{name.replace(' ', '-'):15} {', '.join(functions)}")


@app.command()
def remove(names: Names, *, project: Project = _HERE, force: Force = False, dry_run: DryRun = False) -> None:
    """Remove these pipelines.

    Example: landfast pipelines remove orders,late-mails
    """
    from landfast.starter.pipelines import going

    _take_out(project, going(project, remove=names), force=force, dry_run=dry_run)


@app.command()
def keep(names: Names, *, project: Project = _HERE, force: Force = False, dry_run: DryRun = False) -> None:
    """Keep these pipelines, and remove all others.

    Example: landfast pipelines keep orders
    """
    from landfast.starter.pipelines import going

    _take_out(project, going(project, keep=names), force=force, dry_run=dry_run)


def _take_out(project: Path, gone: "Sequence[str]", *, force: bool, dry_run: bool) -> None:
    from landfast.starter.pipelines import take_out

    if not gone:
        typer.echo("nothing to remove")
        return
    removal = take_out(project, gone, force=force, only_tell=dry_run)
    for what, paths in (("deleted", removal.deleted), ("changed", removal.changed)):
        for path in paths:
            typer.echo(f"{what}  {path}")
    typer.echo(f"{'would remove' if dry_run else 'removed'}: {', '.join(gone)}")
