"""How ministack is started: of one version, in an environment of its own, and within reach of this machine alone."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from landfast.dataplane.errors import EngineError

_REQUIREMENT = "ministack==1.5.33"
_LOCAL_UV = Path(sys.prefix).parent / ".tools" / "bin" / "uv"


def ministack_is_cached(beside: Sequence[str] = ()) -> bool:
    """Tell whether ministack can be started without a network.

    Args:
        beside: Requirements of what its environment has beside it.

    Raises:
        EngineError: There is no uv.
    """
    command = [_uv(), "--offline", *_tool(beside), "python", "-c", ""]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - uv, found by us


def ministack_command(*command: str, beside: Sequence[str] = ()) -> list[str]:
    """Return a command in ministack's own environment, which is made where the cache does not have it.

    Args:
        command: The command; ``ministack`` is its own start.
        beside: Requirements of what its environment has beside it.

    Raises:
        EngineError: There is no uv.
    """
    offline = ["--offline"] if ministack_is_cached(beside) else []
    return [_uv(), "--no-progress", *offline, *_tool(beside), *command]


def ministack_settings(port: int, folder: Path) -> dict[str, str]:
    """Return the environment variables by which ministack is on loopback alone, and runs no function.

    Args:
        port: The port on loopback.
        folder: The folder for what it keeps.
    """
    return {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        # Its Lambda could only ask a Docker engine, and there is none.
        "DOCKER_HOST": f"unix://{folder / 'no-docker.sock'}",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "docker",
        "LAMBDA_STRICT": "1",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_HOST": "localhost",
        "S3_DATA_DIR": str(folder / "s3"),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(folder / "ministack"),
    }


def _tool(beside: Sequence[str]) -> list[str]:
    more = [argument for requirement in beside for argument in ("--with", requirement)]
    return ["tool", "run", "--python", sys.executable, "--from", _REQUIREMENT, *more]


def _uv() -> str:
    path = shutil.which("uv") or (str(_LOCAL_UV) if _LOCAL_UV.exists() else None)
    if path is None:
        raise EngineError("ministack runs in an environment of its own, which uv makes: install uv, or use moto")
    return path
