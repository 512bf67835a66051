"""Malformed payloads from a seed: valid ones, spoilt at every level: bytes, text, structure, types, values."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

CANARY = "c4n4ry\u00a7"
"""Stands for a customer's data. No identifier may hold it, so that nobody may log it."""

type Path = tuple[str | int, ...]


def chance(*seed: object) -> Random:
    """Return chance that can be repeated."""
    return Random(" ".join(map(str, seed)))  # noqa: S311 - chooses payloads, guards no secret


def paths(value: object, prefix: Path = ()) -> Iterator[Path]:
    """Yield where every value below the top of a JSON value is."""
    below: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in below:
        yield (*prefix, name)
        yield from paths(child, (*prefix, name))


def at(value: Any, path: Path) -> Any:
    for name in path:
        value = value[name]
    return value


def strange(random: Random, old: object, *, canary: str = CANARY) -> object:
    """Return a value that could stand where another one should."""
    text = old if isinstance(old, str) else json.dumps(old, default=str)
    return random.choice(
        [
            None, True, False, 0, -1, 1, 1.0, 1.5, -0.0, 1e308, 10**30, -(10**30), 2**63, float("nan"), float("inf"),
            "", " ", "\n", "\x00", canary, f"{canary}\n", f"\x00{canary}", f"\ud800{canary}", f"{canary}\udfff",
            f"\ufeff{canary}", f"{text}\n", f"{text}\x00", f"{text} ", f"{text}\u0661", f"\uff21{text}", text * 50,
            canary * 2_000, "\U0001f600" * 101, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
            f"{'9' * 5_000}", [], {}, [canary], {canary: canary}, [old], {"": old}, [[[[[[canary]]]]]],
            lambda: nested(300), str(old), [old] * 600, f"-{text}", text.lower(), text.upper(), text[:-1],
        ]
    )  # fmt: skip


def nested(depth: int) -> object:
    value: object = CANARY
    for _ in range(depth):
        value = [value]
    return value


def spoilt(random: Random, value: Any, *, canary: Callable[[Path], bool] = lambda _: True) -> Any:
    """Return a JSON value with one to three things wrong with it.

    Args:
        random: Where chance comes from.
        value: What is valid; it is left as it is.
        canary: Whether a customer's data may stand at a place. In the place of an identity it may not: that is logged.
    """
    broken = deepcopy(value)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        if places := [*paths(broken)]:
            _spoil(random, broken, places, canary)
    return broken


def _spoil(random: Random, value: Any, places: list[Path], canary: Callable[[Path], bool]) -> None:
    path = random.choice(places)
    holder, name = at(value, path[:-1]), path[-1]
    match random.choice(["set", "set", "set", "delete", "add", "rename", "copy"]):
        case "delete":
            del holder[name]
        case "add" if isinstance(holder, dict):
            holder[random.choice(["", "note", CANARY, "n" * 100, "\ud800"])] = CANARY
        case "rename" if isinstance(holder, dict):
            holder[f"{name}s"] = holder.pop(name)
        case "copy":
            holder[name] = deepcopy(at(value, random.choice(places)))
        case _:
            made = strange(random, holder[name], canary=CANARY if canary(path) else "strange value")
            holder[name] = made() if callable(made) else made


def spoilt_text(random: Random, value: Any) -> bytes:
    """Return the JSON of a value, spoilt as text or as bytes."""
    whole = json.dumps(value).encode()
    cut = random.randrange(len(whole))
    doubled = b'{"' + next(iter(value)).encode() + b'":"' + CANARY.encode() + b'",' + whole[1:]
    made: list[bytes] = [
            b"", b" ", b"\x00", b"null", b"[]", b"{}", b"1", b'""', whole[:cut], whole[cut:], whole + b"}", whole * 2,
            whole[:cut] + bytes([random.randrange(256)]) + whole[cut + 1 :], whole[:cut] + b"\xff" + whole[cut:],
            whole[:cut] + b"\xed\xa0\x80" + whole[cut:], whole[:cut] + b"\\ud800" + whole[cut:],
            b"\xef\xbb\xbf" + whole, json.dumps(value).encode("utf-16"), json.dumps(value).encode("utf-32"),
            b"[" * 100_000, b'{"a":' * 50_000, whole[:-1] + b',"x":' + b"[" * 100_000, doubled, CANARY.encode(),
            whole.replace(b":", b":NaN,", 1), whole.replace(b'"', b"'"), whole[:-1] + b',"x":1e999}',
            whole[:-1] + b',"x":' + b"9" * 5_000 + b"}", whole.replace(b"\\", b""), whole[::-1],
            b'"' + CANARY.encode() + b'"', b"// " + CANARY.encode() + b"\n" + whole, b"\x1f\x8b" + whole,
    ]  # fmt: skip
    return random.choice(made)


def spoilt_payload(random: Random, value: dict[str, Any]) -> bytes:
    """Return a payload that is spoilt as text, or in what it says."""
    if random.random() < 0.4:
        return spoilt_text(random, value)
    return json.dumps(spoilt(random, value)).encode()


def spoilt_event(random: Random, event: Any, *, canary: Callable[[Path], bool]) -> Any:
    """Return an event that is spoilt in its envelope, or is another one altogether."""
    if random.random() < 0.1:
        others = [
            None, [], {}, CANARY, 7, [event], {"Records": None}, {"Records": CANARY}, {"Records": [None]},
            {"Records": [CANARY]}, {"Records": {"0": event}}, {"detail": CANARY}, {"requestContext": CANARY},
            {"version": "0", "detail-type": CANARY},
        ]  # fmt: skip
        return deepcopy(random.choice(others))
    return spoilt(random, event, canary=canary)
