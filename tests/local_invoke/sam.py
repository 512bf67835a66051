"""What SAM is asked to do, and what its answers mean."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.local_invoke.errors import CannotRunError
from tests.samples import FUNCTIONS, ROOT, decoded, is_expected, logical_id, sample

BUILD = ROOT / ".aws-sam" / "local"
_ALLOWED_SECONDS = 1200
"""More than the longest Timeout, 900, and what SAM needs around it."""
_GRACE_SECONDS = 30


@dataclass(frozen=True)
class Invocation:
    """How a function has taken its sample event.

    Attributes:
        function: Its folder's name.
        answer: What it answered; None without an answer that is JSON.
        wrong: Why that is not what events/README.md says, in one line; empty if it is.
        log: What SAM and the function wrote beside the answer.
    """

    function: str
    answer: Any = None
    wrong: str = ""
    log: str = ""


def build(overrides: list[str]) -> dict[str, Any]:
    """Build the application and return the template that SAM has made of it.

    Raises:
        CannotRunError: SAM could not build it.
    """
    command = ["sam", "build", "--build-dir", str(BUILD), *overrides]
    ended = subprocess.run(command, cwd=ROOT, env=_environment(), check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        sys.stderr.write(ended.stderr)
        raise CannotRunError("`sam build` has failed; mend what it says above")
    content: dict[str, Any] = yaml.safe_load((BUILD / "template.yaml").read_text())
    return content


def image(template: Mapping[str, Any], architecture: str) -> str:
    """Return the image that SAM runs the template's functions in."""
    runtime = str(template["Globals"]["Function"]["Runtime"])
    return f"public.ecr.aws/lambda/{runtime.replace('python', 'python:')}-{architecture}"


def invoke(function: str, command: list[str]) -> Invocation:
    """Invoke a function with its sample event by `sam local invoke`, given with its options."""
    if function not in FUNCTIONS:
        return Invocation(function, wrong=f"there is no functions/{function}/{function}/app.py")
    if not sample(function).exists():
        return Invocation(function, wrong=f"there is no sample event events/{function}.json")
    # A session of its own: at Ctrl-C, SAM is interrupted once, by us, and has its time to remove the container.
    sam = subprocess.Popen(
        [*command, "--event", str(sample(function)), logical_id(function)],
        cwd=ROOT,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, log = sam.communicate(timeout=_ALLOWED_SECONDS)
    except subprocess.TimeoutExpired:
        _, log = _interrupted(sam)
        return Invocation(function, wrong=f"`sam local invoke` did not end in {_ALLOWED_SECONDS} s", log=log)
    except BaseException:
        _interrupted(sam)
        raise
    answer = decoded(output)
    return Invocation(function, answer, judged(function, sam.returncode, answer, log), log)


def judged(function: str, code: int, answer: Any, log: str) -> str:
    """Say why an answer is wrong; empty if it is right.

    The answer decides: `sam local invoke` ends with 0 although a function raises, dies or times out.
    """
    if code != 0:
        return f"`sam local invoke` ended with {code}: {_last_line(log)}"
    if answer is None:
        return f"no answer: {_last_line(log)}"
    if is_expected(function, answer):
        return ""
    if isinstance(answer, dict) and "errorType" in answer:
        return f"raised {answer['errorType']}: {answer.get('errorMessage')}"
    return f"events/README.md has another answer than {json.dumps(answer)}"


def _interrupted(sam: subprocess.Popen[str]) -> tuple[str, str]:
    sam.send_signal(signal.SIGINT)
    try:
        return sam.communicate(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        sam.kill()
        return sam.communicate()


def _last_line(log: str) -> str:
    return next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "SAM says nothing")


def _environment() -> dict[str, str]:
    """Return this environment's `sam` and Python first, and credentials that any emulator takes."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    given = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "SAM_CLI_TELEMETRY": "0"}
    return {**os.environ, "PATH": path, **given}
