"""Notes every event in the ledger; a loop sends its own event on to where it came from, too."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import boto3

LONGEST = 60
"""A loop that nobody stops ends after so many calls: the test has failed by then."""

THROUGH = os.environ.get("THROUGH", "")
client: Any = boto3.client(THROUGH) if THROUGH else None  # type: ignore[call-overload] # the template names it


def note(event: Any, context: Any) -> None:
    """Note the event, and the trace header that it came with."""
    with (Path(os.environ["LEDGER"]) / context.function_name).open("a") as ledger:
        fcntl.flock(ledger, fcntl.LOCK_EX)
        ledger.write(json.dumps({"event": event, "trace": os.environ.get("_X_AMZN_TRACE_ID", "")}) + "\n")


def loop(event: Any, context: Any) -> None:
    """Note the event, and send its successor."""
    note(event, context)
    turn = _turn(event)
    if turn["number"] >= LONGEST:
        return
    text = json.dumps({**turn, "number": turn["number"] + 1})
    target = os.environ["TARGET"]
    match THROUGH:
        case "lambda":
            client.invoke(FunctionName=target, InvocationType="Event", Payload=text)
        case "sqs":
            client.send_message(QueueUrl=target, MessageBody=text)
        case "sns":
            client.publish(TopicArn=target, Message=text)
        case "s3":
            client.put_object(Bucket=target, Key=f"{turn['loop']}/{turn['number'] + 1}", Body=text)


def _turn(event: Any) -> Any:
    match event:
        case {"Records": [{"body": text}]} | {"Records": [{"Sns": {"Message": text}}]}:
            return json.loads(text)
        case {"Records": [{"s3": {"object": {"key": key}}}]}:
            name, _, number = key.rpartition("/")
            return {"loop": name, "number": int(number)}
    return event
