"""Who may ask a port on loopback."""

import pytest

from landfast.loopback import is_cors, refusal


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1:4566", "localhost", "LOCALHOST:80", "[::1]", "[::1]:4566",
        "bucket.localhost:4566", "my.dotted.bucket.localhost", "bucket.s3.localhost:4566",
        "bucket.s3.us-east-1.localhost:4566", "a_b.localhost",
    ],
)  # fmt: skip
def test_the_names_of_loopback_may_ask(host: str) -> None:
    assert refusal([host]) is None
    assert refusal([f" {host} "], sec_fetch_site=["none"]) is None
    assert refusal([host], [f"http://{host.lower()}"], ["same-origin"]) is None


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "evil.example:4566", "localhost.evil.example", "127.0.0.1.evil.example", "evil-localhost",
        "xlocalhost", "localhost.", ".localhost", "a..localhost", "127.0.0.1:x", "127.0.0.1:", "127.0.0.1:123456",
        "127.0.0.1@evil.example", "evil.example@127.0.0.1", "evil.example#.localhost", "evil.example/.localhost",
        "127.1", "0.0.0.1", "2130706433", "0x7f.1", "[::]", "::1", "[::ffff:127.0.0.1]", "localhost\x00",
        "localhost,evil", "127.0.0.1, 127.0.0.1", "localhost\nevil", "ⓛocalhost", "localhost:\uff14",
        "s3.amazonaws.com",
    ],
)  # fmt: skip
def test_every_other_host_is_refused(host: str) -> None:
    assert refusal([host]) is not None


def test_a_request_has_exactly_one_host() -> None:
    assert refusal([]) is not None
    assert refusal(["localhost", "localhost"]) is not None


@pytest.mark.parametrize(
    "origin",
    [
        "null", "http://evil.example", "https://localhost:4566", "http://localhost:3000", "http://127.0.0.1:4566",
        "http://localhost:4566.evil.example", "http://localhost", "file://", "chrome-extension://abc", "", "*",
        "http://localhost:4566/", "http://bucket.localhost:4566",
    ],
)  # fmt: skip
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    assert refusal(["localhost:4566"], [origin]) is not None
    assert refusal(["localhost:4566"], ["http://localhost:4566", origin]) is not None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "SAME-SITE", "anything"])
def test_a_page_of_another_site_is_refused_though_it_tells_no_origin(site: str) -> None:
    assert refusal(["localhost:4566"], [], [site]) is not None
    assert refusal(["localhost:4566"], [], ["none", site]) is not None


def test_a_host_that_the_user_names_may_ask_too() -> None:
    assert refusal(["172.17.0.1:4566"]) is not None
    assert refusal(["172.17.0.1:4566"], also=["172.17.0.1"]) is None
    assert refusal(["Host.Docker.Internal"], also=["host.docker.internal"]) is None
    assert refusal(["[fd00::1]:80"], also=["[fd00::1]"]) is None
    assert refusal(["x172.17.0.1"], also=["172.17.0.1"]) is not None


def test_a_reason_is_one_short_line() -> None:
    reason = refusal(["evil\n" * 100])
    assert reason is not None
    assert "\n" not in reason
    assert len(reason) < 250


def test_headers_that_let_pages_in_are_known_in_any_case() -> None:
    assert is_cors("Access-Control-Allow-Origin")
    assert is_cors("access-control-expose-headers")
    assert not is_cors("Content-Type")
