"""The environment variables of functions, as far as they are known and Lambda allows them."""

import json
from typing import Any, Final

from landfast.template.errors import Mistake, Unavailable
from landfast.template.intrinsics import scalar
from landfast.template.stack import Stack

LIMIT: Final = 4_096
"""Bytes that all variables of a function may have, as JSON text: what Lambda's error shows as the "String measured"
(github.com/github-aws-runners/terraform-aws-github-runner/issues/3594)."""

_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""


def environment(stack: Stack, logical_id: str) -> dict[str, str]:
    """The variables of a function; those that cannot be known, and those that Lambda reserves, are named.

    Raises:
        Mistake: A value is no text, or there is no mapping of them.
    """
    variables: dict[str, str] = {}
    for key, raw in _declared(stack, logical_id).items():
        where = (logical_id, "Properties", "Environment", "Variables", key)
        if key in _RESERVED:
            stack.leaves_out(logical_id, f"environment variable {key}", "Lambda reserves it, and refuses the function")
            continue
        try:
            value = stack.resolver.resolve(raw, where)
        except Unavailable as error:
            stack.leaves_out(logical_id, f"environment variable {key}", error.problem)
            continue
        if value is not None:
            variables[key] = _text(value, where)
    size = len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode())
    if variables and size > LIMIT:
        stack.findings.lines.append(
            f"{stack.titled(logical_id)}: its environment has {size:,} bytes: Lambda refuses more than {LIMIT:,}; "
            "it runs here"
        )
    return variables


def _declared(stack: Stack, logical_id: str) -> dict[str, Any]:
    where = (logical_id, "Properties", "Environment")
    declared = stack.raw(logical_id, "Environment") or {}
    if not isinstance(declared, dict):
        raise Mistake(where, "wants Variables")
    variables = stack.resolver.branch(declared.get("Variables"), (*where, "Variables")) or {}
    if not isinstance(variables, dict):
        raise Mistake((*where, "Variables"), "wants a mapping of names to texts")
    return variables


def _text(value: object, where: tuple[str, ...]) -> str:
    text = scalar(value)
    if text is None:
        raise Mistake(where, f"wants a text but is given a {type(value).__name__}")
    return text
