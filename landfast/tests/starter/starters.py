"""Small starters, as folders and zips."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

DESCRIPTION = (
    'name = "their-app"\nnamed = ["*.yaml", "docs/*.md", "starter.toml"]\npipelines = ["orders", "late mails"]\n'
)
FILES = {
    "starter.toml": DESCRIPTION,
    "template.yaml": (
        "Description: their-app, as our their-app is called\nResources:\n"
        "  # --- orders ---\n  Take:\n    Handler: take_orders.app.handler\n"
        "  # --- late mails ---\n  Mail:\n    Handler: send_mails.app.handler\n"
    ),
    "functions/take_orders/app.py": "NAME = 'their-app'\n",
    "functions/send_mails/app.py": "x = 1\n",
    "docs/about.md": "# their-app\n\nQueues are `their-app-work`; theirs are not: your-their-app, their-apples.\n",
    ".gitignore": "/dist/\n",
}


def write(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """Write a starter, and return its folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def pack(path: Path, files: Mapping[str, str] = FILES, below: str = "") -> Path:
    """Write a starter as a zip, and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{below}{name}", content)
    return path
