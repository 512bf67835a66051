"""Ministack as a process, in ministack's own environment: ``python ministack_server.py``.

It is ministack's own start, with `landfast.dataplane.guard` before its application. Of Landfast only modules without
dependencies are imported here, and its folder is taken off the search path again, so that ministack finds nothing but
its own packages.
"""

import copy
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

_ROOT = str(Path(__file__).resolve().parents[2])
sys.path.append(_ROOT)

from landfast.aws_errors import Operation  # noqa: E402 - it is found only now
from landfast.dataplane.guard import AsgiGuard, Guard, not_served  # noqa: E402

sys.path.remove(_ROOT)

SERVED: Final = frozenset(
    {
        "appconfig", "appconfigdata", "cognito-identity", "cognito-idp", "dynamodb", "dynamodbstreams", "events",
        "firehose", "iam", "kinesis", "kms", "logs", "monitoring", "s3", "scheduler", "secretsmanager", "ses", "sns",
        "sqs", "ssm", "states", "sts", "tagging",
    }
)  # fmt: skip
"""The services within reach, by ministack's names: those that keep and tell, and run nothing and open no port.

What Landfast delivers itself is among them: `tests/contract` compares it with what the engines do alone.
"""


_COPIED: Final = ("s3", "dynamodb")
"""The services in which a template's resources are made. What others hold is a program's, and goes at a reset."""


class MinistackMemory:
    """Remembers buckets and tables, which must be empty then.

    Args:
        ministack: Its module, which can clear all that it holds.
    """

    def __init__(self, ministack: Any) -> None:  # noqa: ANN401 - it ships no types
        self._ministack = ministack
        self._services = {name: import_module(f"ministack.services.{name}") for name in _COPIED}
        self._kept: dict[str, Any] = {}

    def remember(self) -> None:
        """Remember all buckets and tables as they are now."""
        self._kept = {name: service.get_state() for name, service in self._services.items()}

    def reset(self) -> None:
        """Put them back; whatever else it holds is gone."""
        self._ministack._reset_all_state()  # noqa: SLF001 - its administration page does the same, and is out of reach
        for name, kept in self._kept.items():
            self._services[name].load_persisted_state(copy.deepcopy(kept))


def _out_of_reach(service: str) -> Any:  # noqa: ANN401 - a handler in ministack's shape
    async def refuse(
        method: str, path: str, headers: Mapping[str, str], body: bytes, parameters: object
    ) -> tuple[int, dict[str, str], bytes]:
        del parameters
        refused = not_served(Operation.read(method, path, headers, body), service)
        return refused.status, dict(refused.headers), refused.content

    return refuse


def _find_numbers_by_value(dynamodb: Any) -> None:  # noqa: ANN401 - it ships no types
    """Let ministack find the item with the key 1 where 1.0 is asked for, as AWS does."""
    extract, plain = dynamodb._extract_key_val, dynamodb._ddb_canonicalize_number  # noqa: SLF001

    def by_value(attribute: Any) -> Any:  # noqa: ANN401 - the signature is ministack's
        value = extract(attribute)
        return plain(value) or value if isinstance(attribute, dict) and "N" in attribute else value

    dynamodb._extract_key_val = by_value  # noqa: SLF001


def main() -> None:
    """Serve until killed."""
    ministack: Any = import_module("ministack.app")
    _find_numbers_by_value(import_module("ministack.services.dynamodb"))
    for service in ministack.SERVICE_HANDLERS:
        if service not in SERVED:
            ministack.SERVICE_HANDLERS[service] = _out_of_reach(service)
    ministack.app = AsgiGuard(ministack.app, Guard.from_environment(), MinistackMemory(ministack))
    ministack.main()


if __name__ == "__main__":
    main()
