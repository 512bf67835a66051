"""Starters: folders that a project can be made from, and the pipelines that can be taken out of one.

A starter is a project that works, with a file `starter.toml` that says what in it is named after the project and which
pipelines it came with. `make` makes a project of it. What belongs to a pipeline is told by marks in the files and by
the names of files, never by a list: begin reading with `pipelines.py`.
"""

from landfast.starter.description import FILE, TEMPLATE, Description, StarterError, describe
from landfast.starter.marks import lines, parts, without
from landfast.starter.pipelines import Removal, files, named_after, pipelines, take_out
from landfast.starter.project import Made, make, renamed

__all__ = [
    "FILE",
    "TEMPLATE",
    "Description",
    "Made",
    "Removal",
    "StarterError",
    "describe",
    "files",
    "lines",
    "make",
    "named_after",
    "parts",
    "pipelines",
    "renamed",
    "take_out",
    "without",
]
