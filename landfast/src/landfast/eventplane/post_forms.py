"""The key of an upload by a browser's form.

Source: S3 API, "POST Object": fields after ``file`` are ignored, and ``${filename}`` in the key is the file's name.
"""

import re
from typing import Final

_BOUNDARY = re.compile(r'boundary="?(?P<boundary>[^";,]+)"?', re.IGNORECASE)
_NAME = re.compile(r'(?<!file)name="(?P<name>[^"]*)"', re.IGNORECASE)
_FILE_NAME = re.compile(r'filename="(?P<name>[^"]*)"', re.IGNORECASE)
_PLACE: Final = "${filename}"


def key_of(content_type: str, body: bytes) -> str | None:
    """The key of the object that a form makes; None if it names none.

    Args:
        content_type: The content type of the request.
        body: The body of the request.
    """
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return None
    key: str | None = None
    for part in body.split(b"--" + boundary["boundary"].encode(errors="surrogateescape"))[1:]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = head.decode("utf-8", "replace")
        name = _NAME.search(headers)
        if name is None:
            continue
        if name["name"].lower() == "file":
            file_name = _FILE_NAME.search(headers)
            used = file_name["name"].replace("\\", "/").rpartition("/")[2] if file_name else ""
            return None if key is None else key.replace(_PLACE, used)
        if name["name"].lower() == "key":
            key = content.removesuffix(b"\r\n").decode("utf-8", "replace")
    return key
