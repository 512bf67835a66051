"""What an engine refuses at its own port, whoever asks."""

import http.client
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import Engine
from landfast.loopback import KEY

FOREIGN: list[Mapping[str, str]] = [
    {"Host": "evil.example"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Host": "evil.example", KEY: "guessed"},
    {"Origin": "http://evil.example", KEY: ""},
]


def asked(
    engine: Engine, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", engine.state.port, timeout=20)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        answered = connection.getresponse()
        return answered.status, answered.headers, answered.read()
    finally:
        connection.close()


def signed(service: str) -> dict[str, str]:
    scope = (
        f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=a"
    )
    return {"Authorization": scope}


@pytest.mark.parametrize("headers", FOREIGN)
def test_an_engine_refuses_pages_and_foreign_hosts(
    engine: Engine, clients: Clients, headers: Mapping[str, str]
) -> None:
    action = {"X-Amz-Target": "AmazonSQS.CreateQueue", "Content-Type": "application/x-amz-json-1.0", **signed("sqs")}
    status, answered, content = asked(engine, "POST", "/", {**action, **headers}, b'{"QueueName": "from-a-page"}')
    assert status == 403
    assert json.loads(content)["__type"] == "AccessDeniedException"
    assert not [name for name in answered if name.lower().startswith("access-control-")]
    for method in ("GET", "OPTIONS"):
        assert asked(engine, method, "/?Action=CreateQueue&QueueName=from-a-page", headers)[0] == 403
    assert not [url for url in clients.sqs.list_queues().get("QueueUrls", []) if "from-a-page" in url]


def test_an_engine_takes_who_brings_its_key_and_names_any_host(engine: Engine) -> None:
    headers = {"Host": "172.17.0.1:4566", KEY: engine.state.key, **signed("s3")}
    assert engine.state.key
    assert asked(engine, "GET", "/", headers)[0] == 200
    assert asked(engine, "POST", "/_ministack/reset", headers)[0] == 403


def test_the_key_is_its_owners_alone(engine: Engine) -> None:
    assert (engine.directory / "engine.json").stat().st_mode & 0o077 == 0
    environments = [
        Path(f"/proc/{pid}/cmdline").read_bytes()
        for pid in subprocess.run(
            ["/usr/bin/pgrep", "-g", str(engine.state.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
    ]
    assert environments
    assert not [line for line in environments if engine.state.key.encode() in line]


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/reset", "/_ministack/config", "/_ministack/health", "/_ministack/sqs/messages",
        "/_ministack/ready", "/_ministack/reset?init=1", "/_localstack/health", "/_localstack/init", "/health",
        "/moto-api", "/moto-api/", "/moto-api/reset", "/moto-api/config", "/moto-api/data.json",
        "/moto-api/recorder/dump-recording", "//moto-api/reset", "/%5Fministack/reset", "/%6doto-api/reset",
        "///_ministack///reset", "/_MINISTACK/reset", "/moto-api%2Freset",
    ],
)  # fmt: skip
def test_the_engines_own_pages_are_out_of_reach(engine: Engine, clients: Clients, path: str) -> None:
    clients.s3.create_bucket(Bucket="survives")
    for method in ("GET", "POST"):
        status, _, content = asked(engine, method, path)
        assert status == 403
        assert b"out of reach" in content
    assert "survives" in [bucket["Name"] for bucket in clients.s3.list_buckets()["Buckets"]]


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("", "/2015-03-31/functions"),
        ("", "/2015-03-31/functions/f/invocations"),
        ("", "//2015-03-31/functions/"),
        ("", "/%32015-03-31/functions/"),
        ("", "/2014-11-13/functions/f/invoke-async/"),
        ("", "/2018-10-31/layers/l/versions"),
        ("", "/2015-03-31/event-source-mappings/"),
        ("lambda", "/any/functions/"),
        ("lambda", "/2015-03-31/functions/"),
        ("lambda", "/"),
        ("batch", "/v1/submitjob"),
        ("ecs", "/"),
        ("glue", "/"),
        ("codebuild", "/"),
        ("ec2", "/"),
        ("rds", "/"),
        ("transfer", "/"),
    ],
)
def test_what_could_run_code_is_out_of_reach(engine: Engine, service: str, path: str) -> None:
    headers = {"Content-Type": "application/json", **(signed(service) if service else {})}
    status, answered, content = asked(engine, "POST", path, headers, b'{"FunctionName": "f"}')
    assert status == 501
    assert b"is not available" in content
    assert "html" not in (answered["Content-Type"] or "")


def test_a_stack_with_a_function_is_not_made_by_the_engine(engine: Engine) -> None:
    template = json.dumps({"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {}}}})
    form = urlencode({"Action": "CreateStack", "Version": "2010-05-15", "StackName": "s", "TemplateBody": template})
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", **signed("cloudformation")}
    status, _, content = asked(engine, "POST", "/", headers, form.encode())
    assert status == 501
    assert re.search(rb"<ErrorResponse><Error>.*<Message>CreateStack of cloudformation is not available", content)


@pytest.mark.parametrize(
    ("headers", "body", "pattern"),
    [
        ({"X-Amz-Target": "AmazonSQS.Nonsense", "Content-Type": "application/x-amz-json-1.0", **signed("sqs")}, b"{}",
         rb'"__type": ?".*Nonsense'),
        ({"Content-Type": "application/x-www-form-urlencoded", **signed("sns")}, b"Version=2010-03-31&Action=Nonsense",
         rb"<ErrorResponse.*<Message>.*Nonsense"),
        ({"X-Amz-Target": "Kinesis_20131202.Nonsense", **signed("kinesis")}, b"{}", rb'"__type": ?"'),
    ],
)  # fmt: skip
def test_an_action_that_the_engine_does_not_have_is_named_in_the_callers_protocol(
    engine: Engine, headers: Mapping[str, str], body: bytes, pattern: bytes
) -> None:
    status, answered, content = asked(engine, "POST", "/", headers, body)
    assert status in {400, 501}
    assert re.search(pattern, content, re.DOTALL)
    assert "html" not in (answered["Content-Type"] or "")


def test_an_error_of_an_object_store_reaches_its_client_by_its_code(clients: Clients) -> None:
    with pytest.raises(ClientError) as error:
        clients.s3.get_object(Bucket="no-such-bucket-here", Key="k")
    assert error.value.response["Error"]["Code"] == "NoSuchBucket"


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="open ports are read from Linux's /proc")
def test_an_engine_opens_one_port_on_loopback_and_no_other(engine: Engine) -> None:
    group = subprocess.run(
        ["/usr/bin/pgrep", "-g", str(engine.state.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    sockets = {
        match[1]
        for pid in group
        for file in Path(f"/proc/{pid}/fd").iterdir()
        if (match := re.fullmatch(r"socket:\[(\d+)\]", str(file.readlink())))
    }
    listening = {
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[9] in sockets
    }
    assert listening == {f"0100007F:{engine.state.port:04X}"}
