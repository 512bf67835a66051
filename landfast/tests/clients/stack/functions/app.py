import time
from typing import Any


def work(event: dict[str, Any], _: object) -> None:
    """Do nothing, slowly enough that a mapping is changed while it runs."""
    time.sleep(0.002 * len(event["Records"]))


def greet(event: dict[str, Any], _: object) -> str:
    if event.get("fail"):
        raise ValueError(event["fail"])
    print(f"greeting {event.get('name')}")  # noqa: T201 - for its log
    return f"hello {event.get('name')}"
