"""A starter is fetched from an address, or it is told in one line why not."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from landfast.starter import StarterError, make
from tests.starter.starters import pack

PATIENCE = 180.0
MOVED = {"/away": "http://elsewhere.invalid/starter.zip", "/moved": "/starter.zip"}


class Server(SimpleHTTPRequestHandler):
    """Serves files, and tells where those are that have moved."""

    def do_GET(self) -> None:
        if self.path in MOVED:
            self.send_response(302)
            self.send_header("Location", MOVED[self.path])
            self.end_headers()
        elif self.path == "/half":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"PK")
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    pack(tmp_path / "served" / "starter.zip", below="their-app-main/")
    (tmp_path / "served" / "page.html").write_text("<html>sign in</html>")
    with serving(tmp_path / "served") as at:
        yield at


def refused(folder: Path, address: str) -> str:
    with pytest.raises(StarterError) as raised:
        make(folder, address)
    assert not folder.exists()
    return str(raised.value)


@pytest.mark.parametrize("path", ["starter.zip", "moved"])
def test_a_project_is_made_of_what_an_address_answers(address: str, tmp_path: Path, path: str) -> None:
    made = make(tmp_path / "my-app", f"{address}/{path}")
    assert made.pipelines == ["orders", "late mails"]
    assert (tmp_path / "my-app" / "docs" / "about.md").read_text().startswith("# my-app\n")


def test_what_is_not_there_or_no_zip_is_told_with_the_address(address: str, tmp_path: Path) -> None:
    gone, page = f"{address}/gone.zip", f"{address}/page.html"
    assert refused(tmp_path / "my-app", gone) == f"{gone}: it answers 404 File not found"
    assert refused(tmp_path / "my-app", page).startswith(f"{page}: this is no zip that can be read: ")


def test_an_address_that_leads_to_one_that_is_not_encrypted_is_refused(address: str, tmp_path: Path) -> None:
    told = refused(tmp_path / "my-app", f"{address}/away")
    assert told.startswith("http://elsewhere.invalid/starter.zip: give an address that begins with https://")


def test_an_address_where_nobody_answers_is_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/starter.zip"
        assert refused(tmp_path / "my-app", nobody).startswith(f"{nobody}: it cannot be reached: ")


def test_an_answer_that_ends_too_early_is_told(address: str, tmp_path: Path) -> None:
    assert refused(tmp_path / "my-app", f"{address}/half").startswith(f"{address}/half: its answer ended too early")


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(PATIENCE)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/starter.zip"
        (tmp_path / "scratch").mkdir()
        with subprocess.Popen(
            [sys.executable, "-m", "landfast", "new", "my-app", "--from", address],
            cwd=tmp_path, env={**os.environ, "TMPDIR": str(tmp_path / "scratch")}, stderr=subprocess.PIPE, text=True,
        ) as new:  # fmt: skip
            asked, _ = silent.accept()
            with asked:
                new.send_signal(signal.SIGINT)
                _, told = new.communicate(timeout=PATIENCE)
    assert (new.returncode, told) == (130, "")
    assert [*tmp_path.rglob("*")] == [tmp_path / "scratch"]
