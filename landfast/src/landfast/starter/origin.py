"""Where a starter comes from: a folder, a zip, an address, or this wheel."""

import re
import shutil
import stat
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from landfast.loopback import is_ours
from landfast.starter.description import FILE, Description, StarterError, describe, leads_out

SHIPPED = Path(__file__).parent / "starter.zip"
"""The starter that the wheel brings; the sources have none, and neither has the wheel inside a starter."""

_MOST_BYTES = 256 * 1_048_576
_MOST_FILES = 20_000
_PATIENCE = 30.0
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@contextmanager
def opened(origin: str | None) -> Iterator[tuple[Path, Description]]:
    """Give the folder of a starter, unpacked where nobody else is, for as long as it is needed, and what it says.

    Args:
        origin: A folder, a zip or an address of a zip; None for the starter that came with this wheel.

    Raises:
        StarterError: There is none, or it cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="landfast-starter-") as folder:
        scratch = Path(folder)
        if origin is None:
            yield _unpacked(_shipped(), scratch)
        elif _ADDRESS.match(origin):
            yield _unpacked(_fetched(origin, scratch / "starter.zip"), scratch, called=origin)
        elif Path(origin).is_dir():
            yield _of_folder(Path(origin), scratch)
        else:
            yield _unpacked(Path(origin), scratch)


def _shipped() -> Path:
    if not SHIPPED.is_file():
        raise StarterError("this landfast brings no starter of its own: name one by --from ZIP, URL or FOLDER")
    return SHIPPED


def _of_folder(folder: Path, scratch: Path) -> tuple[Path, Description]:
    """Return the folder, or, where it only builds the starter, what it has built."""
    described = describe(folder)
    if described.zip is None:
        return folder, described
    if not (folder / described.zip).is_file():
        raise StarterError(f"{folder / described.zip}: this is the starter, as {FILE} says, but it is not built yet")
    return _unpacked(folder / described.zip, scratch)


def _unpacked(path: Path, scratch: Path, *, called: str | None = None) -> tuple[Path, Description]:
    """Unpack a zip, and find the starter in it."""
    name = called or str(path)
    into = scratch / "unpacked"
    try:
        with zipfile.ZipFile(path) as archive:
            _check(archive, name)
            for member in archive.infolist():
                unpacked = Path(archive.extract(member, into))
                if unpacked.is_file() and member.external_attr >> 16 & stat.S_IXUSR:
                    unpacked.chmod(unpacked.stat().st_mode | 0o111)
    except FileNotFoundError:
        raise StarterError(f"{name}: there is no such file or folder") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, zlib.error) as error:
        raise StarterError(f"{name}: this is no zip that can be read: {error}") from error
    starter = _found(into, name)
    described = describe(starter, called=name)
    if described.zip is not None:
        raise StarterError(f"{name}: a starter is built of this, as its {FILE} says: give the zip that was built")
    return starter, described


def _found(folder: Path, name: str) -> Path:
    """Find the starter in what was unpacked: the top, or a folder below it, as git hosts and cookiecutter have it."""
    for depth in ("", "*/", "*/*/"):
        starters = [path.parent for path in folder.glob(f"{depth}{FILE}") if path.is_file()]
        if len(starters) > 1:
            raise StarterError(f"{name}: this has more than one {FILE}, and so more than one starter")
        if starters:
            return starters[0]
    raise StarterError(f"{name}: this is no starter: it has no {FILE}")


def _check(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse what could be written elsewhere, or fill the disk."""
    members = archive.infolist()
    if len(members) > _MOST_FILES or sum(member.file_size for member in members) > _MOST_BYTES:
        raise StarterError(f"{name}: this is no starter: it unpacks to more than {_MOST_BYTES // 1_048_576} MiB")
    for member in members:
        kind = stat.S_IFMT(member.external_attr >> 16)
        if leads_out(member.filename):
            raise StarterError(f"{name}: '{member.filename}' leads out of the folder that it would be unpacked in")
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise StarterError(
                f"{name}: '{member.filename}' is a link or a device: a starter has files and folders only"
            )
        if member.flag_bits & 1:
            raise StarterError(f"{name}: '{member.filename}' is encrypted")


def _fetched(address: str, path: Path) -> Path:
    """Fetch a zip; what could be changed on its way is refused, unless it does not leave this machine."""
    request = urllib.request.Request(_safe(address), headers={"User-Agent": "landfast"})  # noqa: S310 - `_safe` looks
    opener = urllib.request.build_opener(_SafeRedirects)
    try:
        with opener.open(request, timeout=_PATIENCE) as answer, path.open("wb") as file:
            _copy(answer, file, address)
            if file.tell() < int(answer.headers.get("Content-Length", 0)):
                raise StarterError(f"{address}: its answer ended too early: give the command again")
    except urllib.error.HTTPError as error:
        error.close()
        raise StarterError(f"{address}: it answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise StarterError(f"{address}: it cannot be reached: {error.reason}") from error
    except TimeoutError as error:
        raise StarterError(f"{address}: it does not answer within {_PATIENCE:.0f} s") from error
    except (OSError, HTTPException) as error:
        raise StarterError(f"{address}: it could not be fetched: {error}") from error
    return path


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows an address to another one only if that one could have been given."""

    def redirect_request(  # noqa: PLR0917 - its base class's
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request for the other address."""
        try:
            _safe(newurl)
        except StarterError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _safe(address: str) -> str:
    try:
        parsed = urlsplit(address)
    except ValueError as error:
        raise StarterError(f"{address}: this is no address: {error}") from error
    encrypted = parsed.scheme == "https" and parsed.netloc
    if not encrypted and not (parsed.scheme == "http" and is_ours(parsed.netloc)):
        raise StarterError(f"{address}: give an address that begins with https://, or clone it and name the folder")
    return address


def _copy(answer: IO[bytes], file: IO[bytes], address: str) -> None:
    while block := answer.read(1_048_576):
        file.write(block)
        if file.tell() > _MOST_BYTES:
            raise StarterError(f"{address}: this is no starter: it has more than {_MOST_BYTES // 1_048_576} MiB")


def copied(folder: Path, paths: Iterator[Path], into: Path) -> list[Path]:
    """Copy files of a folder, and return their paths.

    Raises:
        StarterError: One of them is a link.
    """
    copies = []
    for path in paths:
        if (folder / path).is_symlink():
            raise StarterError(f"{folder / path}: this is a link: a starter has files and folders only")
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / path, into / path)
        copies.append(path)
    return copies
