"""Uploads by a form. Source: S3 API reference, "POST Object"."""

import pytest

from landfast.eventplane.post_forms import key_of

TYPE = "multipart/form-data; boundary=edge"


def form(*parts: tuple[str, str], file_name: str = "photo.jpg", after: str = "") -> bytes:
    fields = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts]
    file = f'Content-Disposition: form-data; name="file"; filename="{file_name}"\r\nContent-Type: a/b\r\n\r\n\x00\r\n'
    return "".join(f"--edge\r\n{part}" for part in (*fields, file)).encode() + f"{after}--edge--\r\n".encode()


def test_the_key_is_a_field() -> None:
    assert key_of(TYPE, form(("acl", "private"), ("key", "in/é b.jpg"))) == "in/é b.jpg"
    assert key_of('multipart/form-data; charset=utf-8; boundary="edge"', form(("Key", "a"))) == "a"


@pytest.mark.parametrize("file_name", ["photo.jpg", "C:\\pictures\\photo.jpg", "/pictures/photo.jpg"])
def test_the_files_name_may_be_part_of_the_key(file_name: str) -> None:
    assert key_of(TYPE, form(("key", "in/${filename}"), file_name=file_name)) == "in/photo.jpg"


def test_a_boundary_is_bytes_that_need_be_no_text() -> None:
    content_type = b"multipart/form-data; boundary=\xff".decode(errors="surrogateescape")
    assert key_of(content_type, form(("key", "a")).replace(b"--edge", b"--\xff")) == "a"


def test_fields_after_the_file_are_ignored() -> None:
    late = '--edge\r\nContent-Disposition: form-data; name="key"\r\n\r\nlate\r\n'
    assert key_of(TYPE, form(("key", "early"), after=late)) == "early"
    assert key_of(TYPE, form(after=late)) is None


def test_a_form_without_a_key_names_none() -> None:
    assert key_of("multipart/form-data", form(("key", "a"))) is None
    assert key_of(TYPE, b"") is None
    assert key_of(TYPE, b"--edge\r\nnonsense\r\n--edge--") is None
