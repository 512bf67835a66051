"""The pytest plugin: the fixture `landfast`, a running stack that is as new for each test.

pytest imports this module in every session of an environment that Landfast is installed in, so nothing else of
Landfast is imported before a test asks for the fixture.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from landfast.service.service import Options
    from landfast.testing import Stack


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
    parser.addini("landfast_template", "the template: --landfast-template")
    parser.addini("landfast_parameters", "parameters of the template, NAME=VALUE each", type="linelist", default=[])
    parser.addini("landfast_engine", "the emulator of buckets and tables: moto (the default) or ministack")
    parser.addini("landfast_region", "the region to play; us-east-1 without it")
    parser.addini(
        "landfast_settings", "unconfirmed points of Lambda's behaviour, ID=JSON each", type="linelist", default=[]
    )


@pytest.fixture(scope="session")
def landfast_options(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Options:
    """The options of the service; tests of another template replace this fixture in their ``conftest.py``."""
    from landfast.errors import LandfastError

    try:
        return _options(request.config, tmp_path_factory.mktemp("landfast") / "state")
    except LandfastError as error:
        pytest.fail(f"landfast: {error}", pytrace=False)


@pytest.fixture(scope="session")
def landfast_session(landfast_options: Options) -> Iterator[Stack]:
    """The stack of the template, started once for the session; nothing in it is reset."""
    from landfast.errors import LandfastError
    from landfast.testing import Stack

    with ExitStack() as parts:
        try:
            stack = parts.enter_context(Stack.start(landfast_options))
        except LandfastError as error:
            pytest.fail(f"landfast: {error}", pytrace=False)
        yield stack


@pytest.fixture
def landfast(landfast_session: Stack) -> Iterator[Stack]:
    """The stack of the template, as it was when it was started."""
    landfast_session.reset()
    yield landfast_session
    if failure := landfast_session.service.failure:
        where, error = failure
        pytest.fail(f"landfast: the service has stopped: {where}: {error}", pytrace=False)


def _options(config: pytest.Config, state: Path) -> Options:
    """Return the options of the service, as command line and configuration file give them."""
    from dataclasses import replace
    from pathlib import Path

    from landfast.cli.up import options

    base = config.inipath.parent if config.inipath else config.rootpath
    named = config.getoption("--landfast-template")
    template = config.invocation_params.dir / named if named else base / config.getini("landfast_template")
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
    built = config.cache.mkdir("landfast") if config.cache else None
    return replace(given, layers=Path(built) if built else None)
