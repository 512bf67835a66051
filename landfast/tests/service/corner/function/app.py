"""A function that fails where it is asked to, and logs what it gets."""

import json
import sys


def handler(event: dict[str, object], context: object) -> None:
    """Write the event; raise if it says so."""
    del context
    sys.stdout.write(f"got {json.dumps(event)}\n")
    if event.get("fail"):
        metrics = [{"Namespace": "Corner", "Dimensions": [[]], "Metrics": [{"Name": "Failed"}]}]
        sys.stdout.write(json.dumps({"_aws": {"CloudWatchMetrics": metrics}, "Failed": 1}) + "\n")
        raise ValueError("as it was asked to")
