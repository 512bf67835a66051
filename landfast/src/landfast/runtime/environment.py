"""The environment of a worker: Lambda's variables and search path, and nothing of the developer's own.

Source of the variables: AWS Lambda Developer Guide, "Defined runtime environment variables".
"""

from __future__ import annotations

import csv
import os
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from landfast.runtime.model import InvalidFunctionError
from landfast.runtime.sandbox import TMP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from landfast.runtime.model import FunctionSpec

PROVIDED = (
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "six",
    "urllib3",
)
"""The distributions that Lambda's Python runtime offers to every handler."""

CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")


def link_provided_packages(folder: Path, *, with_client: bool) -> None:
    """Fill `folder` with links to the distributions of the runtime, and only to those."""
    folder.mkdir()
    for name in (*PROVIDED, *(CLIENT if with_client else ())):
        for top, place in _installed(name).items():
            (folder / top).symlink_to(place)


@cache
def _installed(name: str) -> dict[str, str]:
    """Where each file and folder is that a distribution has beside those of others."""
    distribution = metadata.distribution(name)
    # Of botocore's thousands of files, `distribution.files` makes a path each, at every start of the service.
    record = csv.reader((distribution.read_text("RECORD") or "").splitlines())
    tops = {file.partition("/")[0] for file, *_ in record} - {"..", "__pycache__"}
    return {top: str(distribution.locate_file(top)) for top in tops}


def provided_requirements() -> str:
    """The requirements of the runtime's distributions, its client included, for Pythons other than this one."""
    return "".join(f"{name}=={metadata.version(name)}\n" for name in (*PROVIDED, *CLIENT))


def session_token(log_stream: str) -> str:
    """The session token of a worker, which no other has: it tells whose calls are its own."""
    return log_stream.rpartition("]")[2]


def worker_environment(
    spec: FunctionSpec, *, api_address: str, provided: Path, scratch: Path, log_stream: str
) -> dict[str, str]:
    """Every environment variable of a worker.

    Args:
        spec: the function.
        api_address: `host:port` of the worker's own Runtime API.
        provided: the folder of `link_provided_packages`.
        scratch: the worker's own folder for temporary files, on Lambda `/tmp`.
        log_stream: the name of the log stream.

    Raises:
        InvalidFunctionError: a template variable holds a NUL character.
    """
    for name, value in spec.environment.items():
        if "\0" in name + value or "=" in name:
            raise InvalidFunctionError(f"{spec.name}: environment variable {name!r} has a character that none may have")
    return {
        **_defaults(spec, scratch),
        **spec.environment,
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": spec.logging.log_format,
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        **_log_level(spec),
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": api_address,
        "AWS_SESSION_TOKEN": session_token(log_stream),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.python.runtime}",
        "LAMBDA_TASK_ROOT": str(spec.code),
        "LAMBDA_RUNTIME_DIR": str(provided),
        "_HANDLER": spec.handler,
        "PYTHONPATH": os.pathsep.join(_search_path(spec, provided)),
    }


def _log_level(spec: FunctionSpec) -> dict[str, str]:
    """A text log has no level, and the runtime client would filter by it (S-137)."""
    return {"AWS_LAMBDA_LOG_LEVEL": spec.logging.application_log_level} if spec.logging.log_format == "JSON" else {}


def _defaults(spec: FunctionSpec, scratch: Path) -> dict[str, str]:
    return {
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # The three that Lambda doesn't set keep boto3 from the developer's profile and from the network.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "HOME": str(scratch),
        "LANG": "en_US.UTF-8",
        "PATH": os.pathsep.join(
            ["/usr/local/bin", "/usr/bin", "/bin", *(str(layer / "bin") for layer in reversed(spec.layers))]
        ),
        **({} if str(scratch) == TMP else {"TMPDIR": str(scratch)}),
        "TZ": ":UTC",
    }


def _search_path(spec: FunctionSpec, provided: Path) -> Iterator[str]:
    yield str(spec.code)
    for layer in reversed(spec.layers):
        for folder in (f"python/lib/{spec.python.runtime}/site-packages", "python"):
            if (layer / folder).is_dir():
                yield str(layer / folder)
    own = spec.environment.get("PYTHONPATH")
    if own:
        yield own
    yield str(provided)
