"""Runs every sample event in AWS's own container image: ``python -m tests.local_invoke``, by ``make local-invoke``.

It builds the application for this machine's processor, starts a local service for the tables, queues and topics that
the functions call, and checks each answer as `tests.samples` has it. It needs a running Docker, and the network the
first time, for the image. It finds what differs between this machine and Lambda's image; it delivers no event.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from landfast.service.service import Options, Service
from tests.samples import FUNCTIONS, ROOT, decoded, is_expected, logical_id, sample

_BUILD = ROOT / ".aws-sam" / "local"
_ENDPOINT = "AWS_ENDPOINT_URL"
_NO_DOCKER = (
    "local-invoke needs Docker, and {why}: start Docker and try again, or run `landfast invoke`, which needs none"
)


def main() -> int:
    """Run all; 0 if every function has answered as documented."""
    why = no_docker()
    if why is not None:
        sys.stderr.write(f"{_NO_DOCKER.format(why=why)}\n")
        return 1
    architecture = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    override = ["--parameter-overrides", f"Architecture={architecture}"]
    subprocess.run(["sam", "build", "--build-dir", str(_BUILD), *override], cwd=ROOT, env=_environment(), check=True)  # noqa: S607 - the one of this environment
    with tempfile.TemporaryDirectory(prefix="landfast-") as folder:
        state = Path(folder) / "state"
        options = Options(template=ROOT / "template.yaml", state=state, layers=ROOT / ".landfast" / "layers")
        with Service.start(options) as service:
            template, variables = _BUILD / "local.yaml", Path(folder) / "variables.json"
            template.write_text(with_endpoint((_BUILD / "template.yaml").read_text()))
            variables.write_text(json.dumps(settings(service)))
            command = ["sam", "local", "invoke", "--template", str(template), "--env-vars", str(variables)]
            command += ["--docker-network", "host", "--region", options.region, *override]
            wrong = [function for function in FUNCTIONS if not _runs(function, command)]
    return 1 if wrong else 0


def no_docker() -> str | None:
    """Why there is no Docker to use; None if there is."""
    docker = shutil.which("docker")
    if docker is None:
        return "it is not installed"
    asked = subprocess.run([docker, "info"], capture_output=True, check=False, timeout=60)
    return None if asked.returncode == 0 else "it is not running"


def with_endpoint(template: str) -> str:
    """The built template, its functions with a variable for the endpoint: SAM passes on declared ones only."""
    content: dict[str, Any] = yaml.safe_load(template)
    content["Globals"]["Function"]["Environment"]["Variables"][_ENDPOINT] = ""
    return yaml.safe_dump(content, sort_keys=False)


def settings(service: Service) -> dict[str, dict[str, str]]:
    """The environment of each function by its logical id, as the service gives it, reachable from a container."""
    host = "127.0.0.1" if sys.platform == "linux" else "host.docker.internal"
    return {
        service.functions.labels[name]: {
            **spec.environment,
            _ENDPOINT: spec.environment[_ENDPOINT].replace("127.0.0.1", host),
        }
        for name, spec in service.functions.specs.items()
    }


def _runs(function: str, command: list[str]) -> bool:
    """Whether a function answers its sample event; `sam local invoke` ends with 0 even if it fails."""
    ended = subprocess.run(
        [*command, "--event", str(sample(function)), logical_id(function)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=_environment(),
    )
    answer = decoded(ended.stdout)
    fine = is_expected(function, answer)
    sys.stdout.write(f"{'ok   ' if fine else 'WRONG'} {function}: {json.dumps(answer)}\n")
    if not fine:
        sys.stdout.write(ended.stderr)
    return fine


def _environment() -> dict[str, str]:
    """This environment's `sam` and Python first, and credentials that any emulator takes."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


if __name__ == "__main__":
    sys.exit(main())
