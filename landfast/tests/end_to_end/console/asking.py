"""Asks a console as a program does that writes requests as it likes."""

import http.client
import json
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from landfast.console import Console


class Answer(NamedTuple):
    """An answer, read to its end or as far as its first piece."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def message(self) -> str:
        """What it tells people who are refused."""
        return str(json.loads(self.content)["message"])


def ask(
    console: Console, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Ask the console as a program does, which writes a path as it likes."""
    connection = http.client.HTTPConnection(urlsplit(console.url).netloc, timeout=20)
    try:
        connection.request(method, path, body=body or None, headers=dict(headers or {}))
        answered = connection.getresponse()
        streamed = "event-stream" in (answered.headers["Content-Type"] or "")
        return Answer(answered.status, answered.headers, answered.readline() if streamed else answered.read())
    finally:
        connection.close()
