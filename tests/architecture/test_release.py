# --- the tool ---
"""A release has one version, what the changelog says of it, and checksums that are right."""

import hashlib
from pathlib import Path

import pytest

from tools.release import ROOT, ReleaseError, gather, notes, version

UNRELEASED = "# Changelog\n\n## [Unreleased]\n\n- Later.\n\n"
CHANGELOG = f"{UNRELEASED}## [0.2.0] - 2026-12-01\n\n### Added\n\n- Now.\n\n## 0.1.0\n\n- Before.\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of version 0.2.0 whose starter and site are built."""
    files = {
        "pyproject.toml": '[project]\nversion = "0.2.0"\n',
        "landfast/pyproject.toml": '[project]\nversion = "0.2.0"\n',
        "CITATION.cff": "version: 0.2.0\n",
        "CHANGELOG.md": CHANGELOG,
        "dist/landfast-0.2.0-py3-none-any.whl": "wheel",
        "dist/landfast-0.1.0-py3-none-any.whl": "an old one",
        "dist/landfast-shop.zip": "starter",
        "dist/site/index.html": "<html>",
        "dist/release/files/old.zip": "of an earlier release",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_release_has_the_wheel_the_starter_the_site_and_their_checksums(repository: Path) -> None:
    release = gather(repository, "v0.2.0")
    files = {path.name: path.read_bytes() for path in (release / "files").iterdir()}
    assert set(files) == {
        "SHA256SUMS", "landfast-0.2.0-py3-none-any.whl", "landfast-shop.zip", "landfast-site.zip",
    }  # fmt: skip
    sums = files.pop("SHA256SUMS").decode().splitlines()
    assert sorted(sums) == sorted(f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in files.items())
    assert (release / "notes.md").read_text() == "### Added\n\n- Now.\n"


def test_a_rehearsal_without_a_tag_tells_what_is_not_released_yet(repository: Path) -> None:
    assert (gather(repository, "") / "notes.md").read_text() == "- Later.\n"


@pytest.mark.parametrize(
    ("path", "text", "tag", "reason"),
    [
        ("CHANGELOG.md", CHANGELOG, "v0.3.0", r"^the tag is v0\.3\.0, and the version is 0\.2\.0$"),
        ("CITATION.cff", "version: 0.1.0\n", "v0.2.0", r"^the versions differ: .*, CITATION\.cff has 0\.1\.0$"),
        ("CHANGELOG.md", UNRELEASED, "v0.2.0", r"^CHANGELOG\.md says nothing of 0\.2\.0$"),
        ("dist/landfast-shop.zip", None, "v0.2.0", r"^dist/landfast-shop\.zip is not there: make starter site$"),
        ("dist/site/index.html", None, "v0.2.0", r"^dist/site/index\.html is not there: make starter site$"),
    ],
)
def test_what_does_not_fit_together_is_not_released(
    path: str, text: str | None, tag: str, reason: str, repository: Path
) -> None:
    if text is None:
        (repository / path).unlink()
    else:
        (repository / path).write_text(text)
    with pytest.raises(ReleaseError, match=reason):
        gather(repository, tag)


def test_the_files_of_this_repository_agree_and_the_changelog_has_something_to_release() -> None:
    current = version(ROOT)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert notes(changelog, current if f"## [{current}]" in changelog else "Unreleased")
