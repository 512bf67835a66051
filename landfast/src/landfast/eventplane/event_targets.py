"""Which targets a rule may have here, and what they may be given.

Source: EventBridge API, `PutTargets` and `Target`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from landfast.delivery.destinations import parse
from landfast.sources import event_inputs
from landfast.sources.event_inputs import Transformer
from landfast.sources.event_paths import Path
from landfast.sources.refusal import Refusal
from landfast.sources.target_arns import OF_RULES, not_here

_PARTS = 6
_INPUTS = ("Input", "InputPath", "InputTransformer")


def checked(targets: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[dict[str, str]]]:
    """The targets that can be added, and the entries of those of services that are not run here.

    Raises:
        Refusal: One is not valid, and none is added.
    """
    accepted: list[Mapping[str, Any]] = []
    failed: list[dict[str, str]] = []
    for target in targets:
        service = _service(target["Arn"])
        kind = not_here(target["Arn"])
        if kind is None:
            _check(target, service)
            accepted.append(target)
        else:
            reason = f"{kind} targets are not run locally; {', '.join(sorted(OF_RULES))} are."
            failed.append({"TargetId": target["Id"], "ErrorCode": "NotImplementedException", "ErrorMessage": reason})
    return accepted, failed


def _service(arn: str) -> str:
    parts = arn.split(":")
    if len(parts) < _PARTS or parts[0] != "arn":
        raise _invalid(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    return parts[2]


def _check(target: Mapping[str, Any], service: str) -> None:
    identity, given = target["Id"], target.get("InputTransformer")
    transformer = None if given is None else msgspec.convert(given, Transformer)
    event_inputs.check(identity, target.get("Input"), target.get("InputPath"), transformer)
    if service == "events" and any(target.get(name) is not None for name in _INPUTS):
        raise _invalid(f"Modifying the input for target {identity} is not supported.")
    if service == "sqs" and target["Arn"].endswith(".fifo") and not target.get("SqsParameters"):
        raise _invalid(f"Parameter(s) SqsParameters must be specified for target: {identity}.")
    if (path := (target.get("KinesisParameters") or {}).get("PartitionKeyPath")) is not None:
        _check_path(identity, path)
    if (arn := (target.get("DeadLetterConfig") or {}).get("Arn")) is not None:
        queue = parse(arn)
        if queue is None or queue.kind != "sqs" or queue.fifo:
            raise _invalid(f"DeadLetterConfig of target {identity} must name a standard SQS queue.")


def _check_path(identity: str, path: str) -> None:
    try:
        Path.read(path)
    except ValueError:
        raise _invalid(f"Invalid JSONPath {path} for target {identity}.") from None


def _invalid(text: str) -> Refusal:
    return Refusal("ValidationException", text)
