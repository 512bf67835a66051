"""The paths of the console's API."""

from http import HTTPStatus

import msgspec
import pytest

from landfast.console.routes import Asked, Problem, Route, Routes


class Edited(msgspec.Struct):
    content: str


async def answer(asked: Asked) -> object:
    return asked.parts


ROUTES = Routes((
    Route("GET", "/events", answer),
    Route("GET", "/events/{id}", answer),
    Route("POST", "/events/{id}/now", answer),
    Route("POST", "/whatif", answer, changes=False),
))  # fmt: skip


def test_a_name_in_a_path_stands_for_one_part_with_whatever_was_escaped_in_it() -> None:
    route, asked = ROUTES.find("GET", "/events/shardId-0%3A1%2F2?function=A&function=B&state=")
    assert route.path == "/events/{id}"
    assert asked.parts == {"id": "shardId-0:1/2"}
    assert asked.query == {"function": "B", "state": ""}


def test_what_changes_something_is_guarded_and_what_only_asks_is_not() -> None:
    guarded = {(route.method, route.path): route.is_guarded for route in ROUTES}
    assert guarded == {
        ("GET", "/events"): False,
        ("GET", "/events/{id}"): False,
        ("POST", "/events/{id}/now"): True,
        ("POST", "/whatif"): False,
    }


@pytest.mark.parametrize(
    ("method", "target", "status", "told"),
    [
        ("GET", "/nothing", HTTPStatus.NOT_FOUND, "the console has no /nothing"),
        ("GET", "/events/a/b", HTTPStatus.NOT_FOUND, "the console has no /events/a/b"),
        ("DELETE", "/events", HTTPStatus.METHOD_NOT_ALLOWED, "/events takes GET"),
    ],
)
def test_who_asks_for_what_is_not_there_is_told_so(method: str, target: str, status: HTTPStatus, told: str) -> None:
    with pytest.raises(Problem, match=told) as refused:
        ROUTES.find(method, target)
    assert refused.value.status == status


@pytest.mark.parametrize("content", [b"", b"[]", b'{"content": 1}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_what_is_read_is_refused_and_told_why(content: bytes) -> None:
    with pytest.raises(Problem, match="the request's body: ") as refused:
        Asked({}, {}, content).read(Edited)
    assert refused.value.status == HTTPStatus.BAD_REQUEST


def test_a_number_of_the_query_has_its_bounds() -> None:
    assert Asked({}, {"limit": "20"}).number("limit", 50, 500) == 20
    assert Asked({}, {}).number("limit", 50, 500) == 50
    for wrong in ("-1", "501", "many", "nan"):
        with pytest.raises(Problem, match="not a number from 0 to 500"):
            Asked({}, {"limit": wrong}).number("limit", 50, 500)
