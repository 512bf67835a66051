"""Order files as bytes: what is an order, where a file ends, and what each broken file is told."""

import codecs
import gzip
import io
import json
import threading
import tracemalloc
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, note
from hypothesis import strategies as st

from import_orders import order_file
from import_orders.file_version import FileVersion
from import_orders.order import InvalidOrderError, parse_order
from import_orders.order_file import MAX_LINE_BYTES, InvalidOrderFileError, read_orders
from import_orders.orders_table import BATCH, WRITERS, OrdersNotWrittenError, Written, write_orders

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

VERSION = FileVersion("f", "0055", "2026-01-02T03:04:05+00:00 ", "0" * 32)


def line(order_id: str = "A-1", **changes: object) -> bytes:
    order = {
        "orderId": order_id,
        "customerId": "C-1",
        "placedAt": "2026-01-02T03:04:05Z",
        "currency": "EUR",
        "lines": [{"sku": "MUG", "quantity": 2, "unitPriceMinor": 1250}],
    }
    return json.dumps(order | changes).encode()


def article(**changes: object) -> dict[str, object]:
    return {"sku": "MUG", "quantity": 2, "unitPriceMinor": 1250} | changes


class Pieces(io.RawIOBase):
    """A body that arrives in pieces of any size, as from a network."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._left = data
        self._sizes = deque(sizes)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self._sizes.popleft() if self._sizes else len(buffer))
        piece, self._left = self._left[:size], self._left[size:]
        buffer[: len(piece)] = piece
        return len(piece)


def ids(data: bytes) -> list[str]:
    return [order.order_id for order in read_orders("f", raw(data))]


def raw(data: bytes) -> io.RawIOBase:
    return cast("io.RawIOBase", io.BytesIO(data))


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidOrderFileError) as error:
        ids(data)
    return str(error.value)


@pytest.mark.parametrize(
    ("broken", "field", "reason"),
    [
        (line(orderId=7), "orderId", "Expected `str`, got `int`"),
        (line(orderId="a b"), "orderId", "Expected `str` matching regex '^[A-Za-z0-9._-]{1,64}\\\\Z'"),
        (line(currency="euro"), "currency", "Expected `str` matching regex '^[A-Z]{3}\\\\Z'"),
        (line(placedAt="2026-01-02T03:04:05"), "placedAt", "Expected `datetime` with a timezone component"),
        (line(placedAt="yesterday"), "placedAt", "Invalid RFC3339 encoded datetime"),
        (line(lines=[]), "lines", "Expected `array` of length >= 1"),
        (line(lines=[article(), article(quantity=0)]), "lines[1].quantity", "Expected `int` >= 1"),
        (line(lines=[article(unitPriceMinor=12.5)]), "lines[0].unitPriceMinor", "Expected `int`, got `float`"),
        (line(lines=[article(colour="red")]), "lines[0].colour", "is unknown"),
        (line(note="gift"), "note", "is unknown"),
        (b'{"orderId":"A-1"}', "customerId", "is missing"),
        (line(lines=[{"sku": "MUG", "quantity": 1}]), "lines[0].unitPriceMinor", "is missing"),
        (line(orderId="A-1\n"), "orderId", "Expected `str` matching regex '^[A-Za-z0-9._-]{1,64}\\\\Z'"),
        (line(orderId="A-\u0661"), "orderId", "Expected `str` matching regex '^[A-Za-z0-9._-]{1,64}\\\\Z'"),
        (line()[:-1] + b',"' + b"n" * 65 + b'":1}', "", "Object contains an unknown field"),
        (line()[:-1] + b',"a b":1}', "", "Object contains an unknown field"),
        (line(lines=[article(quantity=1_000_000)]), "lines[0].quantity", "Expected `int` <= 10000"),
        (line(lines=[article(quantity=9_999), article()]), "lines", "more than 10000 articles in all; split the order"),
        (line(lines=[article()] * 501), "lines", "Expected `array` of length <= 500"),
        (line(lines=[article(quantity=True)]), "lines[0].quantity", "Expected `int`, got `bool`"),
        (line(lines=[article(quantity=10**40)]), "lines[0].quantity", "Expected `int` <= 10000"),
        (b"[" * 100_000, "", "Expected `object`, got `array`"),
        (b'{"orderId":' + b"[" * 100_000, "orderId", "Expected `str`, got `array`"),
        (b"[1]", "", "Expected `object`, got `array`"),
        (b"orders", "", "JSON is malformed: invalid character (byte 0)"),
        (line() + b" x", "", f"JSON is malformed: trailing characters (byte {len(line()) + 2})"),
        (line(orderId="A\u00e9").replace(b"\\u00e9", b"\xe9"), "", "not UTF-8 at byte 2 of a text"),
    ],
)
def test_a_line_that_is_no_order_names_field_and_reason(broken: bytes, field: str, reason: str) -> None:
    with pytest.raises(InvalidOrderError) as error:
        parse_order(broken)
    assert (error.value.field, error.value.reason) == (field, reason)


def test_the_total_is_quantity_times_price_over_all_lines() -> None:
    order = parse_order(line(lines=[article(), article(quantity=3, unitPriceMinor=399)]))
    assert order.total_minor == 2 * 1250 + 3 * 399


def test_an_empty_file_and_a_file_of_empty_lines_hold_no_orders() -> None:
    assert ids(b"") == []
    assert ids(b"\n\r\n  \n") == []
    assert ids(gzip.compress(b"")) == []


def test_empty_lines_are_skipped_and_counted() -> None:
    assert ids(b"\n" + line("A") + b"\r\n\r\n" + line("B")) == ["A", "B"]
    assert refusal(b"\n" + line("A") + b"\n \n{}").startswith("f, line 4, field orderId: is missing")


def test_a_byte_order_mark_is_skipped_at_the_start_only() -> None:
    assert ids(codecs.BOM_UTF8 + line("A")) == ["A"]
    assert ids(codecs.BOM_UTF8) == []
    assert refusal(line("A") + b"\n" + codecs.BOM_UTF8 + line("B")).startswith("f, line 2: JSON is malformed")


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-16", "UTF-16"), ("utf-32", "UTF-32")],
)
def test_other_encodings_are_named(encoding: str, name: str) -> None:
    assert refusal(line().decode().encode(encoding)) == f"f: encoded in {name}; save it as UTF-8"


def test_latin_1_is_refused_with_its_line() -> None:
    assert refusal(line("A") + b'\n{"orderId":"\xe9"}') == "f, line 2: not UTF-8 at byte 1 of a text"


def test_a_line_of_one_mebibyte_is_read_and_a_longer_one_refused() -> None:
    longest = line("A").ljust(MAX_LINE_BYTES - 1) + b"\n"
    assert ids(longest + line("B")) == ["A", "B"]
    assert refusal(line("A") + b"\n " + longest) == f"f, line 2: longer than {MAX_LINE_BYTES} bytes"


def test_an_order_that_is_repeated_is_refused_at_its_second_line() -> None:
    assert refusal(line("A") + b"\n" + line("B") + b"\n" + line("A")) == (
        "f, line 3, field orderId: repeats an earlier line's order"
    )


def test_a_file_beyond_the_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_file, "MAX_ORDERS", 2)
    assert ids(line("A") + b"\n" + line("B")) == ["A", "B"]
    assert "line 3: more than 2 orders" in refusal(b"\n".join(line(name) for name in "ABC"))


def test_a_gzip_bomb_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_file, "MAX_FILE_BYTES", 1_000_000)
    bomb = gzip.compress((b" " * 9_999 + b"\n") * 1000)
    assert refusal(bomb) == "f, line 101: over 1000000 bytes; split the file"


def test_a_truncated_gzip_is_refused_wherever_it_ends() -> None:
    whole = gzip.compress(b"\n".join(line(f"A-{n}") for n in range(50)))
    for end in range(2, len(whole), 7):
        assert refusal(whole[:end]) == "f: truncated gzip, its end is missing; upload it again"


def test_a_damaged_gzip_is_refused() -> None:
    whole = bytearray(gzip.compress(b"\n".join(line(f"A-{n}") for n in range(50))))
    whole[len(whole) // 2] ^= 0xFF
    assert "f: damaged gzip" in refusal(bytes(whole)) or "f, line" in refusal(bytes(whole))
    whole = bytearray(gzip.compress(line()))
    whole[-8] ^= 0xFF
    assert refusal(bytes(whole)).startswith("f: damaged gzip (CRC check failed")


def test_gzip_of_several_members_is_one_file() -> None:
    assert ids(gzip.compress(line("A") + b"\n") + gzip.compress(line("B"))) == ["A", "B"]


@given(
    kinds=st.lists(st.sampled_from(["order", "", "  "]), max_size=20),
    end=st.sampled_from([b"\n", b"\r\n"]),
    sizes=st.lists(st.integers(1, 40), max_size=30),
    compressed=st.booleans(),
)
def test_how_the_bytes_arrive_makes_no_difference(
    kinds: list[str], end: bytes, sizes: list[int], *, compressed: bool
) -> None:
    lines = [line(f"A-{n}") if kind == "order" else kind.encode() for n, kind in enumerate(kinds)]
    data = end.join(lines)
    note(repr(data))
    body = Pieces(gzip.compress(data) if compressed else data, [2, *sizes])
    expected = [f"A-{n}" for n, kind in enumerate(kinds) if kind == "order"]
    assert [order.order_id for order in read_orders("f", body)] == expected


class Endless(io.RawIOBase):
    """A large order file that is made while it is read, so that only the reader's memory is measured."""

    def __init__(self, orders: int) -> None:
        self._lines = self._make(orders)
        self._rest = b""

    @staticmethod
    def _make(orders: int) -> Iterator[bytes]:
        for number in range(orders):
            yield line(f"ORDER-2026-{number:09d}") + b"\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < 50_000 and (made := next(self._lines, b"")):
            self._rest += made
        piece, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def test_memory_grows_by_the_orders_ids_only() -> None:
    """So 400,000 orders (100 MB) take 60 MB at most, beside the 80 MB that Python, boto3 and Powertools take."""
    orders = 20_000
    tracemalloc.start()
    try:
        written = write_orders(
            cast("DynamoDBClient", Accepting()), "orders", read_orders("f", Endless(orders)), VERSION
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert written == Written(orders)
    fixed = 8 * 1_048_576
    assert peak < fixed + 150 * orders


class Accepting:
    """A table that takes everything, and counts how many writes are under way at once."""

    def __init__(self, *, hold_until: int = 1) -> None:
        self._together = threading.Barrier(hold_until)
        self._lock = threading.Lock()
        self.running = self.most = self.items = 0

    def put_item(self, **_: Any) -> dict[str, Any]:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
            self.items += 1
        self._together.wait(timeout=10)
        with self._lock:
            self.running -= 1
        return {}


def test_orders_are_written_side_by_side_but_never_by_more_than_the_writers() -> None:
    table = Accepting(hold_until=WRITERS)
    orders = (parse_order(line(f"A-{n}")) for n in range(BATCH * WRITERS * 2))
    assert write_orders(cast("DynamoDBClient", table), "orders", orders, VERSION) == Written(BATCH * WRITERS * 2)
    assert (table.most, table.items) == (WRITERS, BATCH * WRITERS * 2)


class Refusing:
    """A table that answers every write with an error."""

    def __init__(self, code: str) -> None:
        self._code = code
        self.asked = 0

    def put_item(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "PutItem")


def test_waits_grow_and_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda _, most: most)
    waits: list[float] = []
    table = cast("DynamoDBClient", Refusing("ThrottlingException"))
    with pytest.raises(OrdersNotWrittenError, match="did not take an order in 12 attempts"):
        write_orders(table, "orders", iter([parse_order(line())]), VERSION, sleep=waits.append)
    assert waits == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0, 5.0]


def test_what_the_table_refuses_for_good_is_tried_once_and_nothing_is_begun_behind_it() -> None:
    table = Refusing("AccessDeniedException")
    orders = (parse_order(line(f"A-{n}")) for n in range(BATCH * WRITERS * 4))
    with pytest.raises(ClientError, match="AccessDenied"):
        write_orders(cast("DynamoDBClient", table), "orders", orders, VERSION)
    assert table.asked <= WRITERS


def test_orders_that_a_newer_file_had_are_counted_and_no_failure() -> None:
    table = cast("DynamoDBClient", Refusing("ConditionalCheckFailedException"))
    orders = (parse_order(line(f"A-{n}")) for n in range(BATCH + 1))
    assert write_orders(table, "orders", orders, VERSION) == Written(0, superseded=BATCH + 1)
