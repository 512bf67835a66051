"""Calls a handler in this process: ``python -m tests.local_invoke.in_process FUNCTION [EVENT]``.

A debugger stops in the handler as in any other code; `.vscode/launch.json` starts it so. Without EVENT, a JSON file,
the function gets its sample event. What it calls, tables, queues and topics, is a local service's, which ends with it.
"""

import importlib
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landfast.testing import LandfastError, Options, Service
from tests.local_invoke.errors import CannotRunError
from tests.samples import FUNCTIONS, ROOT, logical_id, sample


@dataclass(frozen=True)
class Context:
    """What a handler is told of its invocation."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    timeout: float
    function_version: str = "$LATEST"
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"
    _began: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of Timeout, which goes on while a debugger holds the handler."""
        return max(0, int((self.timeout - (time.monotonic() - self._began)) * 1000))


def called(function: str, event: Any) -> Any:
    """Return what a function's handler answers to an event, in this process."""
    with tempfile.TemporaryDirectory(prefix="landfast-") as folder:
        options = Options(template=ROOT / "template.yaml", state=Path(folder), layers=ROOT / ".landfast" / "layers")
        with Service.start(options) as service:
            labels = service.functions.labels
            [spec] = [each for name, each in service.functions.specs.items() if labels[name] == logical_id(function)]
            # The application's own files, where breakpoints are, and not the copies or links that workers get.
            sys.path[:0] = [str(spec.code), *(str((layer / "python").resolve()) for layer in reversed(spec.layers))]
            os.environ.pop("AWS_PROFILE", None)
            os.environ |= spec.environment
            os.environ |= {
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": spec.region,
                "AWS_REGION": spec.region,
                "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            }
            module, _, name = spec.handler.rpartition(".")
            handler = getattr(importlib.import_module(module), name)
            return handler(event, Context(spec.name, spec.arn, spec.memory_mb, spec.timeout))


def main() -> int:
    """Call the function that is named, and print what it answers; what it raises comes with its traceback."""
    try:
        function, event = asked(sys.argv[1:])
        answer = called(function, event)
    except (CannotRunError, LandfastError) as error:
        sys.stderr.write(f"in-process: {' '.join(str(error).split())}\n")
        return 1
    sys.stdout.write(f"{json.dumps(answer, indent=2)}\n")
    return 0


def asked(arguments: list[str]) -> tuple[str, Any]:
    """Return the function and the event that are asked for.

    Raises:
        CannotRunError: There is no such function, or no such event.
    """
    match arguments:
        case [function]:
            path = sample(function)
        case [function, given]:
            path = Path(given)
        case _:
            raise CannotRunError("name a function, and a file with its event if it is not the sample event")
    if function not in FUNCTIONS:
        raise CannotRunError(f"there is no function {function}; there is {', '.join(FUNCTIONS)}")
    try:
        return function, json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotRunError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


if __name__ == "__main__":
    sys.exit(main())
