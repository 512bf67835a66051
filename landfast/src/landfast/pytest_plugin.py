"""The pytest plugin: the fixture `landfast`, a running stack that is as new for each test.

pytest imports this module in every session of an environment that Landfast is installed in, so nothing else of
Landfast is imported before a test asks for the fixture.
"""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from landfast.console.report_file import Chapter
    from landfast.service.service import Options
    from landfast.testing import Stack


_CHAPTERS: pytest.StashKey[Chapters] = pytest.StashKey()
_NOT_RUN: pytest.StashKey[list[str]] = pytest.StashKey()


class Chapters:
    """What happened in all tests, for one report.

    Args:
        path: The file; None if it is not wanted.
        title: The title.
    """

    def __init__(self, path: Path | None, title: str) -> None:
        self._path = path
        self._title = title
        self._told: list[Chapter] = []

    def add(self, test: str, stack: Stack) -> None:
        """Tell what happened in a test."""
        if self._path is not None:
            from landfast.testing.told import chapter

            self._told.append(chapter(test, stack))

    def write(self) -> None:
        """Write the file, if there is anything to tell."""
        if self._path is not None and self._told:
            from landfast.console.report_file import report_file

            self._path.write_text(report_file(self._told, self._title), encoding="utf-8")


class Stacks:
    """The stacks that run in this session; each starts when it is first asked for.

    Args:
        parts: Ends them with the session.
        not_run: Gets a line for each part of a template that does not run here.
    """

    def __init__(self, parts: ExitStack, not_run: list[str]) -> None:
        self._parts = parts
        self._not_run = not_run
        self._stacks: dict[Path, Stack] = {}

    def of(self, options: Options) -> Stack:
        """The stack with these options; one whose start fails makes the test fail, in one line."""
        from landfast.testing import Stack

        if options.state not in self._stacks:
            with _in_one_line():
                stack = self._stacks[options.state] = self._parts.enter_context(Stack.start(options))
                self._not_run += stack.service.not_run
        return self._stacks[options.state]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the settings of the same names in the configuration file."""
    group = parser.getgroup("landfast", "Landfast: the stack of a template, for the fixture landfast")
    group.addoption(
        "--landfast-template",
        metavar="FILE",
        help="the SAM or CloudFormation template, or the folder it is in; without it template.yaml, .yml or .json "
        "beside the configuration file",
    )
    group.addoption(
        "--landfast-parameter",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter of the template; may be repeated",
    )
    group.addoption("--landfast-engine", metavar="NAME", help="the emulator of buckets and tables: moto or ministack")
    group.addoption(
        "--landfast-report",
        metavar="FILE",
        help="write one HTML page that tells of each test where its events landed; each worker of xdist writes its own",
    )
    parser.addini("landfast_template", "the template: --landfast-template")
    parser.addini("landfast_parameters", "parameters of the template, NAME=VALUE each", type="linelist", default=[])
    parser.addini("landfast_engine", "the emulator of buckets and tables: moto (the default) or ministack")
    parser.addini("landfast_region", "the region to play; us-east-1 without it")
    parser.addini(
        "landfast_settings", "unconfirmed points of Lambda's behaviour, ID=JSON each", type="linelist", default=[]
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "landfast(set={'Function.EventInvokeConfig.MaximumRetryAttempts': 0}, cold=True): settings of the template "
        "that are changed for the test, and whether its functions start cold",
    )
    config.stash[_NOT_RUN] = []
    config.stash[_CHAPTERS] = Chapters(_report_file(config), config.rootpath.name)


@pytest.fixture(scope="session")
def landfast_options(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Options:
    """The options of the service; tests of another template replace this fixture in their ``conftest.py``."""
    with _in_one_line():
        return _options(request.config, tmp_path_factory.mktemp("landfast") / "state")


@pytest.fixture(scope="session")
def landfast_stacks(request: pytest.FixtureRequest) -> Iterator[Stacks]:
    """The stacks that run, one for each value that `landfast_options` has."""
    with ExitStack() as parts:
        yield Stacks(parts, request.config.stash[_NOT_RUN])


@pytest.fixture(scope="session")
def landfast_session(landfast_options: Options, landfast_stacks: Stacks) -> Stack:
    """The stack of the template, without a reset: for fixtures of a larger scope than a test."""
    return landfast_stacks.of(landfast_options)


@pytest.fixture
def landfast(request: pytest.FixtureRequest, landfast_options: Options, landfast_stacks: Stacks) -> Iterator[Stack]:
    """The stack of the template, as it was when it was started."""
    stack = landfast_stacks.of(landfast_options)
    with _in_one_line():
        stack.reset()
        for marker in reversed([*request.node.iter_markers("landfast")]):
            _prepare(stack, marker)
    yield stack
    from landfast.testing import report_failure

    with _in_one_line():
        request.config.stash[_CHAPTERS].add(request.node.nodeid, stack)
        report_failure(stack.service)


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Fail with a mistake of the user in one line, without a traceback."""
    from landfast.errors import LandfastError

    try:
        yield
    except LandfastError as error:
        told = re.sub(r"--(?=(template|parameter|engine)\b)", "--landfast-", str(error))
        raise pytest.fail.Exception(f"landfast: {told}", pytrace=False) from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failed test what happened to each event that it had sent."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("landfast")
    if stack is None or call.when != "call" or not report.failed:
        return report
    from landfast.testing import Stack
    from landfast.testing.told import sections

    # A project may have another fixture of this name, and an error here would end the whole session.
    add = getattr(report.longrepr, "addsection", None)
    if isinstance(stack, Stack) and add:
        for title, text in sections(stack):
            add(f"landfast: {title}", text)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Write the account of all tests, if it is wanted, once everything else is told."""
    yield
    try:
        session.config.stash[_CHAPTERS].write()
    except OSError as error:
        pytest.exit(f"landfast: the report was not written: {error}", returncode=pytest.ExitCode.INTERNAL_ERROR)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what of the templates does not run here."""
    if lines := config.stash[_NOT_RUN]:
        terminalreporter.section("landfast")
        for line in lines:
            terminalreporter.write_line(line)


def _prepare(stack: Stack, marker: pytest.Mark) -> None:
    """Do what a marker asks for.

    Raises:
        LandfastError: It cannot be done.
    """
    from landfast.testing import StackError

    unknown = [*map(repr, marker.args), *sorted({*marker.kwargs} - {"set", "cold"})]
    if unknown:
        raise StackError(f"the marker landfast takes set={{...}} and cold=True, not {', '.join(unknown)}")
    stack.set(marker.kwargs.get("set", {}))
    if marker.kwargs.get("cold"):
        stack.cool_down()


def _options(config: pytest.Config, state: Path) -> Options:
    """Return the options of the service, as command line and configuration file give them."""
    from dataclasses import replace
    from pathlib import Path

    from landfast.cli.up import options

    here = config.invocation_params.dir
    base = config.inipath.parent if config.inipath else here
    named = config.getoption("--landfast-template")
    template = here / named if named else base / config.getini("landfast_template")
    given = options(
        template,
        None,
        [*config.getini("landfast_parameters"), *config.getoption("--landfast-parameter")],
        config.getini("landfast_region") or "us-east-1",
        1.0,
        config.getoption("--landfast-engine") or config.getini("landfast_engine") or "moto",
        0,
        config.getini("landfast_settings"),
        state,
        skip_waits=True,
    )
    cache: pytest.Cache | None = getattr(config, "cache", None)  # it can be left out: -p no:cacheprovider
    return replace(given, layers=Path(cache.mkdir("landfast")) if cache else None)


def _report_file(config: pytest.Config) -> Path | None:
    named = config.getoption("--landfast-report")
    if named is None:
        return None
    path: Path = config.invocation_params.dir / named
    if path.is_dir():
        raise pytest.UsageError(f"--landfast-report {named}: that is a folder; name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"--landfast-report {named}: the folder cannot be made: {error}") from None
    worker = getattr(config, "workerinput", {}).get("workerid")
    return path.with_stem(f"{path.stem}-{worker}") if worker else path
