"""The plugin in other people's sessions: what pytest prints, what it costs, what it makes of mistakes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).parent / "app"

TESTS = """
import pytest

def test_it_lands_in_a_queue_where_it_does_not(landfast):
    upload = landfast.s3("Uploads").put("june.bad", b"")
    landfast.settle()
    landed = landfast.where(upload)
    assert landed.in_queue("Readers") and landed.attempts == 3

def test_of_what_was_never_sent_there_is_no_account(landfast):
    landfast.sent.append(None)
    raise KeyError("the test's own")

def test_there_is_no_such_queue(landfast):
    landfast.queue("Reader")

def test_that_is_a_bucket(landfast):
    landfast.queue("Uploads")

RETRIES = "Read.EventInvokeConfig.MaximumRetryAttempts"

@pytest.mark.landfast(set={RETRIES: 0, "Work.Events.Jobs.BatchSize": 1, "Jobs.VisibilityTimeout": 30}, cold=True)
def test_a_setting_is_changed(landfast):
    upload = landfast.s3("Uploads").put("june.bad", b"")
    landfast.settle()
    assert landfast.where(upload).attempts == 1

def test_it_is_as_it_was_again(landfast):
    upload = landfast.s3("Uploads").put("june.bad", b"")
    landfast.settle()
    assert landfast.where(upload).attempts == 3

@pytest.mark.landfast(set={RETRIES: 7})
def test_aws_would_refuse_it(landfast): ...

@pytest.mark.landfast(set={"Rad.BatchSize": 7})
def test_there_is_nothing_of_that_name(landfast): ...

@pytest.mark.landfast(set={"Read.Timeout": 7})
def test_that_is_the_templates(landfast): ...

@pytest.mark.landfast(settings={})
def test_the_marker_takes_no_such_thing(landfast): ...
"""

OTHER = """
import pytest
from pathlib import Path
from landfast.testing import Options

@pytest.fixture(scope="session")
def landfast_options(tmp_path_factory):
    template = Path(__file__).parent / "template.yaml"
    return Options(template=template, state=tmp_path_factory.mktemp("other"))
"""

SHOWN = (
    "E        +  where False = in_queue('Readers')",
    "<object june.bad put into Uploads: Read:live: to destination after 3 attempts (S-04 RetriesExhausted)>.in_queue",
    "- landfast: object june.bad put into Uploads -",
    "  attempt 2  raise in ",
    "ValueError: june.bad, line 1: this is no entry, at ",
    '    raise ValueError(f"{key}, line 1: this is no entry")',
    "  delivered to sqs ",
    "reading june.bad",
    "  lies in Failures",
    'E       KeyError: "the test\'s own"',
    "- landfast: no account -",
    "AttributeError: 'NoneType' object has no attribute ",
    "StackError: the template has no queue Reader: did you mean Readers?",
    "StackError: Uploads is no queue: it is a bucket",
    "landfast: Read.EventInvokeConfig.MaximumRetryAttempts = 7: ValidationException: ",
    "landfast: the template has no function, event source mapping or queue Rad: did you mean Read?",
    "landfast: Read.Timeout: of a function ReservedConcurrentExecutions and EventInvokeConfig can be changed",
    "landfast: the marker landfast takes set={...} and cold=True, not settings",
    "Api (AWS::ApiGatewayV2::Api): not run locally",
)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an application and these tests, and two folders that have a template of their own."""
    folder = tmp_path_factory.mktemp("project") / "app"
    shutil.copytree(APP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "test_app.py").write_text(TESTS)
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "conftest.py").write_text(OTHER)
        queue = f"Resources: {{{name.title()}: {{Type: 'AWS::SQS::Queue'}}, Api: {{Type: 'AWS::ApiGatewayV2::Api'}}}}"
        (folder / name / "template.yaml").write_text(queue)
        test = f"def test_it(landfast):\n    assert landfast.queue({name.title()!r}).messages() == []\n"
        (folder / name / f"test_{name}.py").write_text(test)
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\nlandfast_template = '.'\n")
    return folder


def test_each_folder_has_its_stack_and_failures_tell_the_account_of_their_events(project: Path) -> None:
    ended = run(project, "-vv", "-p", "no:xdist", "--landfast-report", "report.html")
    assert "4 failed, 4 passed, 4 errors" in ended.stdout, ended.stdout + ended.stderr
    assert [line for line in SHOWN if line not in ended.stdout] == []
    assert "test_app.py::test_a_setting_is_changed: Read:live" in (project / "report.html").read_text()


def test_a_template_that_is_not_there_is_one_line(project: Path) -> None:
    ended = run(project, "-q", "-k", "there_is_no_such_queue", "--landfast-template", "nowhere.yaml")
    [line] = [line for line in ended.stdout.splitlines() if line.startswith("landfast: ")]
    assert line.endswith("nowhere.yaml: there is no such template: name yours with --landfast-template")
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("report", "told"), [("one", "that is a folder; name a file in it"), ("test_app.py/x.html", "cannot be made: ")]
)
def test_a_report_that_cannot_be_written_is_one_line_before_any_test(project: Path, report: str, told: str) -> None:
    ended = run(project, "-q", "--landfast-report", report)
    [line] = ended.stderr.strip().splitlines()
    assert line.startswith(f"ERROR: --landfast-report {report}: ")
    assert told in line
    assert (ended.returncode, ended.stdout.strip()) == (pytest.ExitCode.USAGE_ERROR, "")


def test_a_report_that_can_no_longer_be_written_is_one_line_after_what_failed(project: Path) -> None:
    (project / "one" / "test_gone.py").write_text(
        "import shutil\ndef test_gone(landfast):\n    shutil.rmtree('reports')\n    raise KeyError\n"
    )
    ended = run(project, "-q", "-p", "no:xdist", "--landfast-report", "reports/all.html", "one/test_gone.py")
    (project / "one" / "test_gone.py").unlink()
    assert "1 failed" in ended.stdout, ended.stdout + ended.stderr
    [line] = [line for line in ended.stderr.splitlines() if "landfast: " in line]
    assert line.startswith("Exit: landfast: the report was not written: ")
    assert ended.returncode == pytest.ExitCode.INTERNAL_ERROR
    assert "Traceback" not in ended.stdout + ended.stderr


def test_another_fixture_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import pytest\n"
        "@pytest.fixture\n"
        "def landfast():\n"
        "    return 'fast ice'\n"
        "def test_other(landfast):\n"
        "    assert landfast == 'pack ice'\n"
    )
    ended = run(tmp_path, "-q", "-p", "no:xdist", "-p", "no:hypothesispytest")
    assert "1 failed" in ended.stdout, ended.stdout
    assert "INTERNALERROR" not in ended.stdout


def test_who_does_not_use_it_pays_nothing_for_it(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test_other():\n"
        "    loaded = {name for name in sys.modules if name.partition('.')[0] in {'landfast', 'boto3', 'msgspec'}}\n"
        "    assert loaded == {'landfast', 'landfast.pytest_plugin'}\n"
    )
    ended = run(tmp_path, "-q", "-p", "no:xdist", "-p", "no:hypothesispytest")
    assert "1 passed" in ended.stdout, ended.stdout
