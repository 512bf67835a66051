"""A project is made of a starter as a whole, named after itself, or not at all."""

import os
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from landfast.cli.app import app
from landfast.starter import StarterError, make, origin
from tests.starter.starters import DESCRIPTION, FILES, pack, write


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    return write(tmp_path / "starter")


@pytest.fixture
def at(tmp_path: Path) -> Path:
    """Where projects are made."""
    (tmp_path / "at").mkdir()
    return tmp_path / "at"


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)  # noqa: S607
    return done.stdout.strip()


def refused(folder: Path, given: Path | str | None, keep: str | None = None) -> str:
    """Return why no project is made; nothing may be left of the attempt."""
    before = sorted(folder.parent.iterdir())
    with pytest.raises(StarterError) as raised:
        make(folder, None if given is None else str(given), keep)
    assert sorted(folder.parent.iterdir()) == before
    told = str(raised.value)
    assert len(told.splitlines()) == 1
    return told


def test_the_project_is_named_where_the_starter_says_so_and_nowhere_else(starter: Path, at: Path) -> None:
    made = make(at / "my-app", str(starter))
    assert made.pipelines == ["orders", "late mails"]
    assert (at / "my-app" / "docs" / "about.md").read_text() == (
        "# my-app\n\nQueues are `my-app-work`; theirs are not: your-their-app, their-apples.\n"
    )
    assert (at / "my-app" / "template.yaml").read_text().startswith("Description: my-app, as our my-app is called\n")
    assert (at / "my-app" / "functions" / "take_orders" / "app.py").read_text() == FILES["functions/take_orders/app.py"]


def test_a_project_is_a_starter_of_the_next_one(starter: Path, at: Path) -> None:
    make(at / "my-app", str(starter), "orders")
    made = make(at / "next-app", str(at / "my-app"))
    assert made.pipelines == ["orders"]
    assert (at / "next-app" / "docs" / "about.md").read_text().startswith("# next-app\n")


def test_only_the_pipelines_that_are_named_are_in_it(starter: Path, at: Path) -> None:
    make(at / "my-app", str(starter), "late-mails")
    assert sorted(path.name for path in (at / "my-app" / "functions").iterdir()) == ["send_mails"]
    assert "take_orders" not in (at / "my-app" / "template.yaml").read_text()


def test_everything_is_in_the_first_commit_of_a_repository_of_its_own(
    starter: Path, at: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A Name")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "name@localhost")
    made = make(at / "my-app", str(starter))
    assert made.notes == []
    assert git(at / "my-app", "log", "--format=%an: %s") == "A Name: Start from their-app"
    assert git(at / "my-app", "branch", "--show-current") == "main"
    assert git(at / "my-app", "status", "--porcelain", "--ignored") == ""
    assert git(at / "my-app", "ls-files").split() == sorted(FILES)


def test_without_a_name_in_git_landfast_makes_the_commit_and_says_so(
    starter: Path, at: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(at))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(at))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    [note] = make(at / "my-app", str(starter)).notes
    assert "git config --global user.name" in note
    assert git(at / "my-app", "log", "--format=%an") == "landfast"


def test_inside_another_repository_nothing_is_committed(starter: Path, at: Path) -> None:
    git(at, "init", "--quiet")
    [note] = make(at / "my-app", str(starter)).notes
    assert "another repository" in note
    assert not (at / "my-app" / ".git").exists()


def test_without_git_the_project_is_made_all_the_same(starter: Path, at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(at))
    [note] = make(at / "my-app", str(starter)).notes
    assert "git is not installed" in note
    assert (at / "my-app" / "template.yaml").is_file()


def test_a_folder_that_is_there_and_empty_is_filled(starter: Path, at: Path) -> None:
    (at / "my-app").mkdir()
    make(at / "my-app", str(starter))
    assert (at / "my-app" / "template.yaml").is_file()


@pytest.mark.parametrize("below", ["", "their-app-main/", "their-app/{{cookiecutter.project_name}}/"])
def test_a_zip_is_a_starter_wherever_in_it_the_starter_is(tmp_path: Path, at: Path, below: str) -> None:
    zipped = pack(tmp_path / "starter.zip", below=below)
    make(at / "my-app", str(zipped))
    assert (at / "my-app" / "docs" / "about.md").read_text().startswith("# my-app\n")


def test_in_a_starter_for_sam_init_cookiecutters_variable_stands_for_the_name(tmp_path: Path, at: Path) -> None:
    variable = "{{cookiecutter.project_name}}"
    files = {name: content.replace("their-app", variable) for name, content in FILES.items()}
    make(at / "my-app", str(pack(tmp_path / "starter.zip", files, below=f"top/{variable}/")))
    assert (at / "my-app" / "docs" / "about.md").read_text().startswith("# my-app\n\nQueues are `my-app-work`")


def test_a_program_in_a_zip_can_be_run(tmp_path: Path, at: Path) -> None:
    zipped = pack(tmp_path / "starter.zip")
    with zipfile.ZipFile(zipped, "a") as archive:
        info = zipfile.ZipInfo("run.sh")
        info.external_attr = 0o100755 << 16
        archive.writestr(info, "true\n")
    make(at / "my-app", str(zipped))
    assert (at / "my-app" / "run.sh").stat().st_mode & stat.S_IXUSR
    assert not (at / "my-app" / "template.yaml").stat().st_mode & stat.S_IXUSR


def test_a_folder_that_builds_its_starter_gives_what_it_has_built(starter: Path, at: Path) -> None:
    with (starter / "starter.toml").open("a") as file:
        file.write('zip = "dist/starter.zip"\n')
    assert "not built yet" in refused(at / "my-app", starter)
    pack(starter / "dist" / "starter.zip")
    assert make(at / "my-app", str(starter)).pipelines == ["orders", "late mails"]


def test_the_wheels_own_starter_is_taken_without_another(
    tmp_path: Path, at: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin, "SHIPPED", tmp_path / "starter.zip")
    assert "name one by --from" in refused(at / "my-app", None)
    pack(tmp_path / "starter.zip")
    assert make(at / "my-app").pipelines == ["orders", "late mails"]


@pytest.mark.parametrize("name", ["My-app", "my_app", "1app", "app-", "a--b", "café", "a b", "x" * 41])
def test_what_cannot_name_a_stack_a_queue_and_a_package_alike_is_refused(starter: Path, at: Path, name: str) -> None:
    assert "project name" in refused(at / name, starter)


def test_a_locked_package_cannot_give_the_project_its_name(starter: Path, at: Path) -> None:
    write(starter, {"uv.lock": '[[package]]\nname = "boto3"\n\n[[package]]\nname = "their-app"\n'})
    assert refused(at / "boto3", starter).startswith("'boto3' is the name of a package that the project needs")


def test_nothing_is_overwritten(starter: Path, at: Path) -> None:
    (at / "my-app").mkdir()
    (at / "my-app" / "mine.txt").write_text("mine")
    assert "there already, and not empty" in refused(at / "my-app", starter)
    (at / "file").write_text("mine")
    assert "there already" in refused(at / "file", starter)
    (at / "link").symlink_to(at / "elsewhere")
    assert "there already" in refused(at / "link", starter)


def test_the_folder_around_it_must_be_there(starter: Path, at: Path) -> None:
    with pytest.raises(StarterError, match="no such folder to make the project in"):
        make(at / "nowhere" / "my-app", str(starter))


@pytest.mark.parametrize(
    ("description", "problem"),
    [
        ("name = ", "starter.toml: Invalid value (at end of document)"),
        ("", "missing required field `name`"),
        ("name = 3\n", "Expected `str`, got `int` - at `$.name`"),
        ('name = "My App"\n', "name: 'My App' is no project name"),
        (f'{DESCRIPTION}colour = "red"\n', "unknown field `colour`"),
        ('name = "app"\nnamed = "README.md"\n', "Expected `array`, got `str` - at `$.named`"),
        ('name = "app"\nnamed = ["../README.md"]\n', "named: '../README.md' leads out of the folder"),
        ('name = "app"\nnamed = ["/etc/hosts"]\n', "named: '/etc/hosts' leads out of the folder"),
        ('name = "app"\nnamed = ["READYOU.md"]\n', "named: the starter has no file 'READYOU.md'"),
        ('name = "app"\nzip = "../other.zip"\n', "zip: '../other.zip' leads out of the folder"),
        ('name = "app"\npipelines = ["Orders"]\n', "pipelines: 'Orders' is no name of a pipeline"),
        ('name = "app"\npipelines = ["shared"]\n', "pipelines: 'shared' is no name of a pipeline"),
    ],
)
def test_a_description_that_is_wrong_is_refused_in_one_line(
    starter: Path, at: Path, description: str, problem: str
) -> None:
    (starter / "starter.toml").write_text(description)
    assert problem in refused(at / "my-app", starter)


def test_a_file_that_is_no_text_can_name_nothing(starter: Path, at: Path) -> None:
    (starter / "docs" / "about.md").write_bytes(b"\xff\xfe")
    assert "about.md is no text in UTF-8" in refused(at / "my-app", starter)


def test_a_pipeline_that_the_starter_has_not_is_refused(starter: Path, at: Path) -> None:
    told = refused(at / "my-app", starter, "orders,nothing")
    assert told == "there is no pipeline nothing; there is: orders, late-mails"


@pytest.mark.parametrize("missing", ["starter.toml", "template.yaml"])
def test_what_is_no_starter_is_refused(tmp_path: Path, at: Path, missing: str) -> None:
    files = {name: content for name, content in FILES.items() if name != missing}
    assert f"it has no {missing}" in refused(at / "my-app", write(tmp_path / "folder", files))
    assert f"it has no {missing}" in refused(at / "my-app", pack(tmp_path / "folder.zip", files))


def test_a_link_in_a_folder_is_refused(starter: Path, at: Path) -> None:
    (starter / "secrets.md").symlink_to("/etc/hosts")
    assert "this is a link" in refused(at / "my-app", starter)


def test_a_pipe_in_a_folder_is_no_file(starter: Path, at: Path) -> None:
    os.mkfifo(starter / "pipe")
    make(at / "my-app", str(starter))
    assert not (at / "my-app" / "pipe").exists()


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/evil.txt", "docs/../../evil.txt", "docs\\..\\evil.txt", "C:evil.txt"]
)
def test_a_zip_with_a_path_that_leads_out_is_refused(tmp_path: Path, at: Path, name: str) -> None:
    zipped = pack(tmp_path / "starter.zip", {**FILES, name: "x"})
    assert "leads out of the folder" in refused(at / "my-app", zipped)
    assert not list(tmp_path.rglob("evil.txt"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_zip_with_a_link_or_a_device_is_refused(tmp_path: Path, at: Path, kind: int) -> None:
    zipped = pack(tmp_path / "starter.zip")
    with zipfile.ZipFile(zipped, "a") as archive:
        info = zipfile.ZipInfo("docs/link.md")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/hosts")
    assert "'docs/link.md' is a link or a device" in refused(at / "my-app", zipped)


def test_a_zip_that_would_fill_the_disk_is_refused(tmp_path: Path, at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zipped = pack(tmp_path / "starter.zip")
    monkeypatch.setattr(origin, "_MOST_BYTES", 100)
    assert "it unpacks to more than" in refused(at / "my-app", zipped)


def test_a_zip_with_two_starters_is_refused(tmp_path: Path, at: Path) -> None:
    both = {f"{one}/{name}": content for one in ("a", "b") for name, content in FILES.items()}
    assert "more than one starter" in refused(at / "my-app", pack(tmp_path / "starter.zip", both))


def test_a_zip_of_what_builds_a_starter_is_refused(tmp_path: Path, at: Path) -> None:
    files = {**FILES, "starter.toml": f'{DESCRIPTION}zip = "dist/starter.zip"\n'}
    assert "give the zip that was built" in refused(
        at / "my-app", pack(tmp_path / "main.zip", files, below="repo-main/")
    )


@pytest.mark.parametrize("content", [b"", b"<html>no</html>", None])
def test_what_is_no_zip_is_refused(tmp_path: Path, at: Path, content: bytes | None) -> None:
    path = tmp_path / "starter.zip"
    path.write_bytes(pack(tmp_path / "whole.zip").read_bytes()[:-40] if content is None else content)
    assert refused(at / "my-app", path).startswith(f"{path}: this is no zip that can be read: ")


def test_a_zip_that_was_damaged_is_refused(tmp_path: Path, at: Path) -> None:
    path = pack(tmp_path / "starter.zip")
    path.write_bytes(path.read_bytes().replace(b"Queues are", b"Queues xre"))
    assert "Bad CRC-32" in refused(at / "my-app", path)


def test_what_is_not_there_is_refused(tmp_path: Path, at: Path) -> None:
    assert refused(at / "my-app", tmp_path / "no.zip") == f"{tmp_path / 'no.zip'}: there is no such file or folder"


@pytest.mark.parametrize(
    "address", ["http://example.com/x.zip", "file:///etc/hosts", "https://", "https://[x/", "ssh://a/b"]
)
def test_an_address_that_anybody_on_the_way_could_answer_is_refused(at: Path, address: str) -> None:
    assert refused(at / "my-app", address).startswith(f"{address}: ")


def test_the_command_tells_what_it_has_made_and_what_is_next(
    starter: Path, at: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(at)
    told = CliRunner().invoke(app, ["new", "my-app", "--from", str(starter), "--pipelines", "orders"]).output
    assert told.startswith("made my-app with orders\n")
    assert told.endswith("next: cd my-app, where README.md says what to do\n")
