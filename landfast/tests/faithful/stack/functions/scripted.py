"""Plays the scenario that has this function's name: the same file that the simulator runs.

What the rules have counted, and which records every invocation had, is kept in files: invocations of one function may
run in several processes, and a process may be killed.
"""

import base64
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

SCENARIOS = Path(__file__).with_name("scenarios")
WARM_UP = "warm up"


def handler(event: Any, context: Any) -> Any:
    """Do what the first rule says that applies."""
    if event == WARM_UP:
        return None
    script = json.loads((SCENARIOS / f"{context.function_name}.json").read_text())["function"]
    found = records(event)
    rule = _rule(script.get("behaviour", []), list(found), context, event)
    outcome = rule.get("outcome", "succeed")
    time.sleep(rule.get("duration", script.get("duration", 0)))
    match outcome:
        case "raise":
            raise Exception("scripted failure")  # noqa: TRY002 - what the simulator's function raises
        case "timeout":
            time.sleep(script["Timeout"] + 60)
        case "exit":
            os._exit(0)
        case "report":
            failed = [name for name in rule.get("report", rule["records"]) if name in found]
            return {"batchItemFailures": [{"itemIdentifier": found[name]} for name in failed]}
        case "return":
            return _filled_in(rule.get("value"), found)
    return None


def records(event: Any) -> dict[str, str]:
    """The item identifier of each of the event's records, by the name that the scenario gives it."""
    match event:
        case {"Records": batch}:
            return dict(map(_record, batch))
        case {"detail": {"id": name}} | {"id": name}:
            return {name: name}
        case {"requestPayload": payload}:
            return records(payload)
    raise ValueError(f"no record in {event}")


def _record(record: Any) -> tuple[str, str]:
    match record:
        case {"s3": {"object": {"key": key}}}:
            return unquote_plus(key), key
        case {"Sns": {"Message": text}}:
            return _named(text), text
        case {"kinesis": {"data": data, "sequenceNumber": sequence}}:
            return _named(base64.b64decode(data)), sequence
        case {"dynamodb": {"SequenceNumber": sequence} as change}:
            return changed(change), sequence
        case {"messageId": message_id, "body": text}:
            return _named(text), message_id
    raise ValueError(f"no record: {record}")


def changed(change: Any) -> str:
    """The name of a change: that of what an item becomes; with a minus, of what is removed."""
    image = change.get("NewImage") or change["OldImage"]
    name: str = image.get("record", image["id"])["S"]
    return name if "NewImage" in change else f"-{name}"


def _named(text: str | bytes) -> str:
    name: str = json.loads(text)["id"]
    return name


def _rule(rules: list[dict[str, Any]], names: list[str], context: Any, event: Any) -> dict[str, Any]:
    """The first rule that applies, counted; the invocation is noted at the same time."""
    ledger = Path(os.environ["LEDGER"])
    with (ledger / f"{context.function_name}.counts").open("a+") as counts:
        fcntl.flock(counts, fcntl.LOCK_EX)
        counts.seek(0)
        applied = json.loads(counts.read() or "{}")
        found = next(
            (rule for rule in enumerate(rules) if _applies(rule[1], names, applied.get(str(rule[0]), 0))), None
        )
        if found is not None:
            applied[str(found[0])] = applied.get(str(found[0]), 0) + 1
            counts.truncate(0)
            counts.write(json.dumps(applied))
        with (ledger / f"{context.function_name}.calls").open("a") as calls:
            window = {name: event[name] for name in ("state", "window", "isFinalInvokeForWindow") if name in event}
            calls.write(json.dumps({"request": context.aws_request_id, "records": names, **window}) + "\n")
    return {} if found is None else found[1]


def _applies(rule: dict[str, Any], names: list[str], applied: int) -> bool:
    if applied >= rule.get("invocations", applied + 1):
        return False
    return "records" not in rule or any(name in rule["records"] for name in names)


def _filled_in(value: Any, found: dict[str, str]) -> Any:
    match value:
        case str() if value.startswith("$id:"):
            return found[value.removeprefix("$id:")]
        case list():
            return [_filled_in(item, found) for item in value]
        case dict():
            return {key: _filled_in(item, found) for key, item in value.items()}
    return value
