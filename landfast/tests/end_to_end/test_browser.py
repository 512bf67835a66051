"""A page of another origin, in a real browser: it calls, reads and resets nothing, on the endpoint or on the engine."""

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.session import Session

from landfast.dataplane.clients import Clients
from landfast.service.service import Options, Service
from tests.chromium import CHROMIUM, WITHOUT_SUGGESTIONS, with_chromium

if TYPE_CHECKING:
    from landfast.dataplane.engine import EngineName

EVIL = "evil.example"
TEMPLATE = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "FunctionName": "victim", "Handler": "app.handler", "Runtime": "python3.13", "CodeUri": "code/",
            },
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "kept"}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "secrets"}},
    },
}  # fmt: skip
HANDLER = """
import pathlib
def handler(event, context):
    with open(pathlib.Path(__file__).parent.parent / "calls", "a") as calls:
        calls.write("called\\n")
    return "from the function"
"""
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=a"

PAGE = """<!doctype html><meta charset="utf-8"><body><pre id="told">running</pre><script>
const ports = PORTS, names = NAMES, told = [];
const bodies = "Action=SendMessage&QueueUrl=/123456789012/kept&MessageBody=from-a-page&Version=2012-11-05";
async function attempt(name, url, options) {
  try {
    const answer = await fetch(url, options);
    told.push([name, url, answer.type, answer.status, answer.type === "opaque" ? "" : await answer.text()]);
  } catch (error) { told.push([name, url, "blocked", 0, String(error)]); }
}
function posted(url, fields, encoding) {
  return new Promise(done => {
    const frame = document.createElement("iframe"); frame.name = "f" + Math.random(); document.body.append(frame);
    const form = document.createElement("form");
    Object.assign(form, {method: "post", action: url, target: frame.name, enctype: encoding});
    for (const [name, value] of Object.entries(fields)) {
      const field = document.createElement("input"); field.name = name; field.value = value; form.append(field);
    }
    document.body.append(form); frame.onload = () => done(); setTimeout(done, 3000); form.submit();
  });
}
function loaded(kind, url) {
  return new Promise(done => {
    const element = document.createElement(kind);
    element.onload = element.onerror = () => done(); setTimeout(done, 3000);
    element.src = url; document.body.append(element);
  });
}
(async () => {
  for (const host of names) for (const port of ports) {
    const at = `http://${host}:${port}`, call = at + "/2015-03-31/functions/victim/invocations";
    for (const mode of ["cors", "no-cors"]) {
      await attempt("call " + mode, call, {method: "POST", mode, body: "{}", headers: {"Content-Type": "text/plain"}});
      await attempt("get " + mode, at + "/?" + bodies, {mode});
      await attempt("post " + mode, at + "/", {method: "POST", mode, body: new URLSearchParams(bodies)});
      await attempt("read " + mode, at + "/secrets/object", {mode});
      for (const path of ["/_ministack/reset", "/moto-api/reset", "/_ministack/config", "/moto-api/config"])
        await attempt("reset " + mode, at + path, {method: "POST", mode, body: "{}"});
    }
    await attempt("asynchronous", call, {method: "POST", body: "{}", headers: {"X-Amz-Invocation-Type": "Event"}});
    await attempt("target", at + "/", {method: "POST", body: JSON.stringify({QueueUrl: at + "/123456789012/kept",
      MessageBody: "from-a-page"}), headers: {"X-Amz-Target": "AmazonSQS.SendMessage", "Authorization": "SIGNED",
      "Content-Type": "application/x-amz-json-1.0"}});
    await attempt("put", at + "/secrets/object", {method: "PUT", body: "overwritten"});
    await attempt("delete", at + "/secrets/object", {method: "DELETE"});
    await posted(call, {a: "1"}, "text/plain");
    await posted(at + "/_ministack/reset", {a: "1"}, "text/plain");
    await posted(at + "/moto-api/reset", {a: "1"}, "text/plain");
    await posted(at + "/", {Action: "SendMessage", QueueUrl: "/123456789012/kept", MessageBody: "from-a-page"},
      "application/x-www-form-urlencoded");
    await loaded("img", at + "/?" + bodies);
    await loaded("script", at + "/secrets/object");
    await loaded("iframe", at + "/?" + bodies);
  }
  document.getElementById("told").textContent = JSON.stringify(told);
  await fetch("/done", {method: "POST", body: JSON.stringify(told)});
})();
</script>"""


class Site(ThreadingHTTPServer):
    """Serves the page, and waits for what it tells."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Visitor))
        self.page = b""
        self.told: list[list[Any]] = []
        self.done = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Visitor(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.page if self.path == "/" else b"")

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.server.told = json.loads(content)
        self.server.done.set()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()


@pytest.fixture
def service(engine: "EngineName", tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(HANDLER)
    (tmp_path / "template.json").write_text(json.dumps(TEMPLATE))
    options = Options(template=tmp_path / "template.json", state=tmp_path / "state", engine=engine, sandbox=False)
    with Service.start(options) as made:
        yield made


def visit(site: Site, host: str, profile: Path) -> list[list[Any]]:
    """Open the page as `host` serves it, and wait for what it has to tell."""
    site.done.clear()
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", WITHOUT_SUGGESTIONS,
        f"--user-data-dir={profile}", f"--host-resolver-rules=MAP {EVIL} 127.0.0.1",
        f"http://{host}:{site.port}/",
    ]  # fmt: skip
    with (profile.parent / "chromium.log").open("w") as log:
        browser = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            assert site.done.wait(90), (profile.parent / "chromium.log").read_text()[-2000:]
        finally:
            browser.terminate()
            browser.wait(20)
    return site.told


@with_chromium
@pytest.mark.parametrize("host", ["127.0.0.1", EVIL])
def test_a_page_of_another_origin_calls_reads_and_resets_nothing(
    service: Service, site: Site, tmp_path: Path, host: str
) -> None:
    ports = [urlsplit(url).port for url in (service.endpoint, service.running.engine)]
    with ExitStack() as stack:
        clients = stack.enter_context(closing(Clients(service.endpoint, "us-east-1")))
        clients.s3.put_object(Bucket="secrets", Key="object", Body=b"a secret")
        queue = service.running.resource("queue", "Queue").url
        page = PAGE.replace("PORTS", json.dumps(ports))
        page = page.replace("NAMES", json.dumps(["127.0.0.1", "localhost", EVIL])).replace("SIGNED", SIGNED)
        site.page = page.encode()
        told = visit(site, host, tmp_path / "profile")

        assert len(told) == 2 * 3 * 20
        for name, url, kind, status, content in told:
            assert (kind, status, content) == (kind, 0, content), f"{name} {url} was answered: {status} {content}"
            assert kind in {"opaque", "blocked"}, f"{name} {url} could be read"
            assert not re.search("secret|function", content.replace(url, "")), f"{name} {url}"
        assert not (tmp_path / "calls").exists()
        assert clients.s3.get_object(Bucket="secrets", Key="object")["Body"].read() == b"a secret"
        found = clients.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
        assert found["Attributes"]["ApproximateNumberOfMessages"] == "0"

        session = Session()
        session.set_credentials("test", "test")
        functions: Any = session.create_client("lambda", region_name="us-east-1", endpoint_url=service.endpoint)
        stack.enter_context(closing(functions))
        assert functions.invoke(FunctionName="victim")["Payload"].read() == b'"from the function"'
        assert (tmp_path / "calls").read_text() == "called\n"
