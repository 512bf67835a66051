"""The files of the page, and the one document that loads them."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

import msgspec

from landfast.report.drawing import style

PAGE: Final = "/_landfast/page/"
"""Where the files are served."""

_VENDORED: Final = {"preact": "vendor/preact.js", "preact/hooks": "vendor/preact-hooks.js", "htm": "vendor/htm.js"}
_OURS: Final = "console/"
"""How modules name each other: by names that the import map knows, so that they also work inside one file."""

_PICTURES: Final = "styles/pictures.css"
"""The style of the pictures that `landfast.report` draws, for this page; its colours are in ``styles/account.css``."""

STYLE: Final = "page.css"
"""All style sheets as one, which a browser asks for once."""

ENTRY: Final = "console/app.js"
"""The module that draws the page."""

_IMPORT: Final = re.compile(r"""(?:\bfrom|^import)\s*["']([^"']+)["']""", re.MULTILINE)
_LATER: Final = re.compile(r"""\bimport\(\s*["']([^"']+)["']""")
"""An import that happens only when a view is opened."""

_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

POLICY: Final = (
    "default-src 'none'; script-src 'self' {script}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: nothing but its own files (Content Security Policy Level 3)."""


@cache
def names() -> frozenset[str]:
    """The files, by their paths below the folder ``page``."""
    return frozenset({*_walk(""), _PICTURES, STYLE})


def _walk(folder: str) -> Iterator[str]:
    for entry in files("landfast.console").joinpath("page", folder).iterdir():
        path = f"{folder}{entry.name}"
        if entry.is_dir():
            yield from _walk(f"{path}/")
        elif path.endswith(tuple(_TYPES)):
            yield path


def path_of(module: str) -> str:
    """The file of a module, by the name that other modules import it by.

    Raises:
        KeyError: There is no such module.
    """
    return module.removeprefix(_OURS) if module.startswith(_OURS) else _VENDORED[module]


@cache
def content(name: str) -> bytes:
    """What is in a file.

    Raises:
        KeyError: The page has no such file.
    """
    if name not in names():
        raise KeyError(name)
    if name == STYLE:
        sheets = sorted(each for each in names() if each.startswith("styles/"))
        return b"\n".join(map(content, ["style.css", *sheets]))
    if name == _PICTURES:
        return f".picture {{\n{style('pictures')}}}\n".encode()
    return files("landfast.console").joinpath("page", name).read_bytes()


def media_type(name: str) -> str:
    """The media type of a file, by its name."""
    return f"{_TYPES[name[name.rindex('.') :]]}; charset=utf-8"


def modules(entry: str, instead: Mapping[str, str] = MappingProxyType({}), *, later: bool = False) -> dict[str, str]:
    """The sources of a module and of all that it imports, by the names that they are imported by.

    Args:
        entry: The name of the module.
        instead: Files that take the places of modules, by the names of these.
        later: True if what is imported only when it is needed is wanted as well.
    """
    sources: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in sources:
            sources[name] = content(instead.get(name) or path_of(name)).decode()
            waiting += _IMPORT.findall(sources[name])
            waiting += _LATER.findall(sources[name]) if later else ()
    return sources


@cache
def document() -> tuple[bytes, str]:
    """The document that a browser opens first, and the policy that it is sent with."""
    imports = {"imports": {**{name: PAGE + path for name, path in _VENDORED.items()}, _OURS: PAGE}}
    text = msgspec.json.encode(imports).decode()
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    styles = f'<link rel="stylesheet" href="{PAGE}{STYLE}">\n'
    # Named here, modules are asked for at once, and not each when another one is found to import it.
    preloaded = "".join(f'<link rel="modulepreload" href="{PAGE}{path_of(name)}">\n' for name in modules(ENTRY))
    page = files("landfast.console").joinpath("page", "index.html").read_text(encoding="utf-8")
    page = page.replace("<!-- styles -->\n", styles).replace(
        "<!-- modules -->\n",
        f'<script type="importmap">{text}</script>\n{preloaded}<script type="module" src="{PAGE}app.js"></script>\n',
    )
    return page.encode(), POLICY.format(script=f"'sha256-{digest}'")
