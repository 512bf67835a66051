"""Which lines of the template, folders and tests belong to which pipeline."""

import re
from collections.abc import Iterator
from pathlib import Path

FOLDERS = {
    "order files": ["import_orders"],
    "parcel scans": ["track_parcels", "replay_scans"],
    "payments": ["post_payments"],
    "receipts": ["send_receipts"],
    "order changes": ["publish_order_changes"],
    "fulfilment": ["ship_order"],
    "notices": ["notify_customer"],
}

_MARK = re.compile(r"^(?P<indent> *)# --- (?P<owner>.+) ---$")
_SECTION = "  "
_TOP_LEVEL = re.compile(r"^[A-Za-z]")
_RESOURCE = re.compile(r"^  (?P<name>[A-Za-z0-9]+):$")


def owned_lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield section, owner and line: of both pipelines that a line goes with, mostly the same one twice.

    A section begins at its mark and ends at the next or at a top-level key; deeper marks name an owner inside it.
    """
    section = owner = "shared"
    for line in text.splitlines(keepends=True):
        mark = _MARK.match(line)
        if mark:
            owner = mark["owner"]
            section = owner if mark["indent"] == _SECTION else section
        elif _TOP_LEVEL.match(line):
            section = owner = "shared"
        yield section, owner, line


def without(text: str, pipeline: str) -> str:
    """Return the template without the lines that go with a pipeline."""
    return "".join(line for section, owner, line in owned_lines(text) if pipeline not in {section, owner})


def resource_owners(text: str) -> list[tuple[str, str]]:
    """Return the resources and their sections, in the template's order."""
    body = text[text.index("\nResources:\n") : text.index("\nOutputs:\n")]
    return [
        (found["name"], section)
        for section, _, line in owned_lines(body)
        if (found := _RESOURCE.match(line.rstrip("\n")))
    ]


def belongs_to(path: Path, folders: list[str]) -> bool:
    """Say whether a file of functions/, events/ or the tests is that of one of the folders, by its name."""
    name = path.stem.removeprefix("test_")
    return any(folder in path.parts or name == folder or name.startswith(f"{folder}_") for folder in folders)
