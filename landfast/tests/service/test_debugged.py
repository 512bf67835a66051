"""A debugger that holds a function of a running service."""

import time
from pathlib import Path

import pytest

from landfast.journal import Invoked, Settled
from landfast.service.service import Options, Service
from landfast.service.specs import function_named
from landfast.service.state import ServiceError
from landfast.service.store import read_journal
from landfast.template import read
from tests.debugging import DebugClient

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Work: {Type: AWS::SQS::Queue, Properties: {QueueName: work, VisibilityTimeout: 60}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: code/
      Timeout: 30
      Events: {Messages: {Type: SQS, Properties: {Queue: !GetAtt Work.Arn}}}
"""


@pytest.fixture
def options(tmp_path: Path) -> Options:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text("def handler(event, context):\n    breakpoint()\n    return None\n")
    return Options(
        template=tmp_path / "template.yaml", state=tmp_path / "state", skip_waits=True, debug="Worker", debug_port=0
    )


def test_while_a_debugger_holds_a_function_all_time_stands_so_that_its_message_is_not_given_again(
    options: Options, tmp_path: Path
) -> None:
    with Service.start(options) as service:
        assert service.debugger is not None
        service.clients.sqs.send_message(QueueUrl=f"{service.endpoint}/123456789012/work", MessageBody="once")
        with DebugClient(service.debugger.port) as client:
            client.attach(tmp_path / "code" / "app.py")
            thread, line = client.stopped()
            assert line in {2, 3}, "at the call of breakpoint() or behind it"
            held = service.clock.now()
            time.sleep(0.2)  # a clock that goes on has moved
            assert service.clock.now() == held
            with pytest.raises(ServiceError, match="the debugger of Worker"):
                service.settle(timeout=0.1)
            client.ask("continue", threadId=thread)
            service.settle()
        entries = [entry for _, entry in read_journal(service.journal)]
    assert len([entry for entry in entries if isinstance(entry, Invoked)]) == 1
    assert [entry.state for entry in entries if isinstance(entry, Settled)] == ["processed"]


def test_a_function_that_is_not_there_is_told_with_those_that_are(options: Options) -> None:
    template = read(options.template, stack_name="stack")
    [function] = template.functions.values()
    assert function_named(template, "Worker") == function_named(template, function.name) == function.name
    message = "--debug Wrker: there is no such function that runs here; there are: Worker"
    with pytest.raises(ServiceError, match=f"^{message}$"):
        function_named(template, "Wrker")
