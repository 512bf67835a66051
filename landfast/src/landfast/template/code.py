"""Where the code of functions and the content of layers are on this machine."""

import hashlib
import json
import shutil
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from landfast import private
from landfast.template.errors import Mistake, Unavailable, Where
from landfast.template.local_code import CODE_BUCKET
from landfast.template.stack import Stack

UNPACKED_LIMIT: Final = 250 * 1024 * 1024
"""Bytes that a function's code and layers may have, unpacked (Lambda quotas)."""

_FOLDER = "code"
_INLINE = "index.py"
"""The file that Lambda makes of ``ZipFile`` in Python, hence ``index.handler``."""

_ASSET = "aws:asset:path"
_SYNTH = "run `cdk synth` again"


class Code:
    """Finds the folders that the translated template's locations stand for.

    SAM's are those that translation has put there. The AWS CDK keeps what it is going to upload beside its templates,
    and says where: in the metadata of the resource, and in a file of all assets of the stack.
    """

    def __init__(self, template: Path, paths: Mapping[str, str], keep: Path | None) -> None:
        """Relative paths are relative to the template's folder.

        Args:
            template: The template's file.
            paths: The local path of each key in `CODE_BUCKET`.
            keep: A folder for archives that are unpacked and code that the template holds itself.
        """
        self._template = template
        self._paths = paths
        self._keep = None if keep is None else keep / _FOLDER
        self._assets = _assets(template)

    def folder(self, stack: Stack, logical_id: str, name: str) -> Path:
        """The folder that the property Code or Content means.

        When there is nowhere to keep what must be made, it is the archive itself, and the template for inline code.

        Raises:
            Unavailable: The code is not on this machine, or is no code.
        """
        where = (logical_id, "Properties", name)
        asset = stack.metadata(logical_id, _ASSET)
        if isinstance(asset, str):
            return self._found(asset, where, _SYNTH)
        location = stack.value(logical_id, name)
        if isinstance(location, dict) and isinstance(location.get("ZipFile"), str):
            return self._inline(logical_id, location["ZipFile"])
        key = location.get("S3Key") if isinstance(location, dict) else None
        if not isinstance(location, dict) or not isinstance(key, str):
            raise Unavailable(where, "says no place that code could be in; give the path of its folder")
        if location.get("S3Bucket") == CODE_BUCKET and key in self._paths:
            return self._found(self._paths[key], where, "make it, or correct the path")
        if key in self._assets:
            return self._found(self._assets[key], where, _SYNTH)
        beside = self._template.parent / f"asset.{Path(key).stem}"
        if beside.is_dir():
            return beside.resolve()
        raise Unavailable(where, f"the code is not on this machine, but in S3 ({key}); give the path of its folder")

    def _found(self, written: str, where: Where, mend: str) -> Path:
        try:
            path = (self._template.parent / written).resolve()
        except ValueError as error:
            raise Mistake(where, f"{written!r} is no path: {error}") from None
        if path.is_dir():
            return path
        if not path.is_file():
            raise Unavailable(where, f"there is no folder {written} beside the template; {mend}")
        if self._keep is None:
            return path
        try:
            if zipfile.is_zipfile(path):
                return _unpacked(path, self._keep)
            return _alone(path, self._keep)
        except (OSError, RuntimeError, ValueError, zlib.error, zipfile.BadZipFile) as error:
            raise Unavailable(where, f"{written} cannot be unpacked: {error}; pack it anew") from None

    def _inline(self, logical_id: str, text: str) -> Path:
        if self._keep is None:
            return self._template
        content = text.encode()
        made = private.folder(self._keep / f"{logical_id}-{_digest(content)}")
        private.replace(made / _INLINE, content)
        return made


def _assets(template: Path) -> dict[str, str]:
    """The files of a CDK stack's assets, by their keys in S3; none without the file that lists them."""
    listed = template.with_name(template.name.replace(".template.json", ".assets.json"))
    if listed == template or not listed.is_file():
        return {}
    try:
        files: Any = json.loads(listed.read_bytes())["files"]
        return {
            destination["objectKey"]: each["source"]["path"]
            for each in files.values()
            for destination in each["destinations"].values()
            if "path" in each["source"]
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # of another version of the CDK: the assets are found by their names and by the metadata


def _unpacked(archive: Path, keep: Path) -> Path:
    """The folder of an archive's content, unpacked once.

    Raises:
        ValueError: An entry would be outside of it, or all are too large.
    """
    return private.made_once(keep / _digest(archive.read_bytes()), lambda folder: _unpack(archive, folder))


def _unpack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        entries = content.infolist()
        if sum(entry.file_size for entry in entries) > UNPACKED_LIMIT:
            raise ValueError("it holds more than the 250 MB that Lambda takes")
        for entry in entries:
            name = PurePosixPath(entry.filename)
            mode = entry.external_attr >> 16
            if name.is_absolute() or ".." in name.parts:
                raise ValueError(f"its entry {entry.filename} leads out of it")
            if stat.S_ISLNK(mode):
                raise ValueError(f"its entry {entry.filename} is a link")
            if entry.is_dir():
                private.folder(folder / name)
                continue
            private.folder((folder / name).parent)
            with content.open(entry) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target)
            (folder / name).chmod(private.FILE | (mode & stat.S_IXUSR))


def _alone(file: Path, keep: Path) -> Path:
    """A folder of a file alone, as SAM packs one; the file itself is used, so that a change of it is seen."""
    made = private.folder(keep / f"{file.stem}-{_digest(str(file).encode())}")
    private.link(made / file.name, file)
    return made


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
