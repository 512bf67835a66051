"""What keeps the run from being made is one line; what is wrong with an answer is told; nothing is left out."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.local_invoke import docker, endpoints, sam
from tests.local_invoke.__main__ import functions, told
from tests.local_invoke.errors import CannotRunError
from tests.samples import FUNCTIONS, ROOT

type Script = Callable[[str], None]


@pytest.fixture
def fake_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Puts a `docker` first on the path that runs a shell script."""

    def install(script: str) -> None:
        path = tmp_path / "docker"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return install


def whole_run() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.local_invoke"], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_whole_run_ends_with_one_line_and_1_where_docker_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = whole_run()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "local-invoke: Docker is not installed: install it, or use `landfast invoke`, which needs no Docker\n"
    )


@pytest.mark.parametrize(
    ("script", "told_as"),
    [
        (
            "echo 'Cannot connect to the Docker daemon at unix:///x. Is it running?' >&2; exit 1",
            "does not answer .*start it",
        ),
        ("echo 'permission denied while trying to connect to the socket' >&2; exit 1", "may not be used by this user"),
        ("exit 1", "does not answer .*it says nothing"),
    ],
)
def test_an_engine_that_cannot_be_used_is_told(fake_docker: Script, script: str, told_as: str) -> None:
    fake_docker(script)
    with pytest.raises(CannotRunError, match=told_as):
        docker.check()


def test_an_engine_that_answers_is_taken(fake_docker: Script) -> None:
    fake_docker("echo 28.0")
    docker.check()


def test_an_image_that_is_here_is_not_pulled(fake_docker: Script, tmp_path: Path) -> None:
    fake_docker(f'echo "$@" >> {tmp_path}/calls')
    docker.obtain("python:3.13-x86_64")
    assert (tmp_path / "calls").read_text() == "image inspect python:3.13-x86_64\n"


def test_an_image_that_cannot_be_had_is_told_in_one_line_with_the_reason(fake_docker: Script) -> None:
    fake_docker("[ $1 = pull ] && echo 'some words' >&2 && echo 'dial tcp: no such host' >&2; exit 1")
    with pytest.raises(CannotRunError) as raised:
        docker.obtain("python:3.13-x86_64")
    assert str(raised.value).startswith(
        "the image python:3.13-x86_64 is not on this machine and cannot be pulled (dial tcp"
    )
    assert "\n" not in str(raised.value)


def test_the_whole_run_ends_with_one_line_and_1_where_there_is_no_engine(fake_docker: Script) -> None:
    fake_docker("echo 'Is the docker daemon running?' >&2; exit 1")
    ended = whole_run()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("local-invoke: Docker's engine does not answer (Is the docker daemon running?): ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ([{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.9"}], "172.17.0.9"),
        ([{"Subnet": "172.17.0.0/16"}], "172.17.0.1"),
        (
            [{"Subnet": "fd00::/64", "Gateway": "fd00::1"}, {"Subnet": "10.1.0.0/24", "Gateway": "10.1.0.1/24"}],
            "10.1.0.1",
        ),
    ],
)
def test_the_gateway_is_the_stated_one_or_the_first_of_the_ipv4_subnet(config: list[Any], address: str) -> None:
    assert docker.gateway_of(json.dumps([{"IPAM": {"Config": config}}])) == address


@pytest.mark.parametrize("config", [None, [], [{"Subnet": "fd00::/64"}]])
def test_a_network_without_an_ipv4_address_is_told(config: list[Any] | None) -> None:
    with pytest.raises(CannotRunError, match="no IPv4 address"):
        docker.gateway_of(json.dumps([{"IPAM": {"Config": config}}]))


def test_only_loopback_endpoints_change_and_all_of_them_are_forwarded() -> None:
    given = {
        "A": {"AWS_ENDPOINT_URL": "http://127.0.0.1:4001", "TABLE": "http://127.0.0.1:4003"},
        "B": {"AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:4002/x", "AWS_ENDPOINT_URL_S3": "https://s3.example"},
    }
    assert endpoints.ports(given) == {4001, 4002}
    assert endpoints.reachable(given) == {
        "A": {"AWS_ENDPOINT_URL": "http://localhost.localhost:4001", "TABLE": "http://127.0.0.1:4003"},
        "B": {
            "AWS_ENDPOINT_URL_LAMBDA": "http://localhost.localhost:4002/x",
            "AWS_ENDPOINT_URL_S3": "https://s3.example",
        },
    }


def test_every_endpoint_is_declared_and_the_built_template_is_left_alone() -> None:
    built = {"Globals": {"Function": {"Environment": {"Variables": {"LEVEL": "INFO"}}}}}
    declared = endpoints.declared(
        built, {"A": {"AWS_ENDPOINT_URL": "x", "TABLE": "t"}, "B": {"AWS_ENDPOINT_URL_SQS": "y"}}
    )
    assert declared["Globals"]["Function"]["Environment"]["Variables"] == {
        "LEVEL": "INFO",
        "AWS_ENDPOINT_URL": "",
        "AWS_ENDPOINT_URL_SQS": "",
    }
    assert built["Globals"]["Function"]["Environment"]["Variables"] == {"LEVEL": "INFO"}


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_image_is_that_of_the_templates_runtime(architecture: str) -> None:
    built = {"Globals": {"Function": {"Runtime": "python3.13"}}}
    assert sam.image(built, architecture) == f"public.ecr.aws/lambda/python:3.13-{architecture}"


HANDLED: dict[str, list[Any]] = {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("code", "answer", "log", "reason"),
    [
        (0, HANDLED, "", ""),
        (0, {"batchItemFailures": [{"itemIdentifier": "1"}]}, "", "another answer than"),
        (0, {"errorType": "KeyError", "errorMessage": "'x'"}, "", "raised KeyError: 'x'"),
        (0, None, "Function 'F' timed out after 30 seconds\n\n", "no answer: Function 'F' timed out after 30 seconds"),
        (0, None, "", "no answer: SAM says nothing"),
        (1, HANDLED, "Error: no such option\n", "ended with 1: Error: no such option"),
    ],
)
def test_the_answer_is_judged_and_not_the_exit_code_alone(
    monkeypatch: pytest.MonkeyPatch, code: int, answer: Any, log: str, reason: str
) -> None:
    monkeypatch.setattr("tests.samples.EXPECTED", {"handle_batches": lambda told: told == HANDLED})
    judged = sam.judged("handle_batches", code, answer, log)
    assert reason in judged
    assert bool(judged) is bool(reason)


def test_functions_and_samples_without_the_other_are_wrong_and_not_left_out() -> None:
    assert set(functions()) >= set(FUNCTIONS)
    assert len(FUNCTIONS) == len(set(FUNCTIONS)) > 0
    assert (
        sam.invoke("no_such_function", ["false"]).wrong
        == "there is no functions/no_such_function/no_such_function/app.py"
    )


def test_a_wrong_one_is_told_with_its_reason_and_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert not told(sam.Invocation("my_function", None, "no answer: killed", "one\ntwo\n"))
    assert told(sam.Invocation("my_function", {"a": 1}))
    assert capsys.readouterr().out == (
        'WRONG my_function: no answer: killed\n      | one\n      | two\nok    my_function: {"a": 1}\n'
    )
