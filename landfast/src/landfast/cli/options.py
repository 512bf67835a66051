"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

STATE = Path(".landfast")

State = Annotated[
    Path, typer.Option("--state", help="Directory of the service's state.", show_default=True, metavar="DIRECTORY")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
