"""The sample events of `events/` and what each function answers to its own."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/*/app.py"))

_ALL_HANDLED: dict[str, list[Any]] = {"batchItemFailures": []}


def sample(function: str) -> Path:
    """The function's sample event."""
    return ROOT / "events" / f"{function}.json"


def event(function: str) -> Any:
    """The content of the function's sample event."""
    return json.loads(sample(function).read_text())


def logical_id(function: str) -> str:
    """The function's name in the template: `TrackParcels` for `track_parcels`."""
    return function.title().replace("_", "")


def is_expected(function: str, answer: Any) -> bool:
    """Whether a function has answered its sample event as events/README.md says."""
    return EXPECTED[function](answer)


def _names_the_missing_object(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.get("errorType") in {"NoSuchBucket", "NoSuchKey"}


def _is(wanted: Any) -> Callable[[Any], bool]:
    return lambda answer: bool(answer == wanted)


EXPECTED: Mapping[str, Callable[[Any], bool]] = {
    # --- order files ---
    "import_orders": _names_the_missing_object,
    # --- notices ---
    "notify_customer": _is(
        {
            "noticeId": "shipped-A-1001",
            "customerId": "C-17",
            "text": "Your order A-1001 is on its way in 1 parcel: A-1001-1.",
        }
    ),
    # --- payments ---
    "post_payments": _is(_ALL_HANDLED),
    # --- order changes ---
    "publish_order_changes": _is(_ALL_HANDLED),
    # --- parcel scans ---
    "replay_scans": _is(_ALL_HANDLED),
    # --- receipts ---
    "send_receipts": _is(_ALL_HANDLED),
    # --- fulfilment ---
    "ship_order": _is({"orderId": "A-1001", "customerId": "C-17", "parcelIds": ["A-1001-1"]}),
    # --- parcel scans ---
    "track_parcels": _is(_ALL_HANDLED),
    # --- shared ---
}


def decoded(text: str) -> Any:
    """The answer in what a command printed: its last line that is JSON."""
    for line in reversed(text.splitlines()):
        if line.strip():
            try:
                return json.loads(line)
            except ValueError:
                continue
    return None
