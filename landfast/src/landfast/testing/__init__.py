"""Landfast's public API for those who run a stack from Python: tests, demonstrations, load generators.

`Stack` is what the pytest plugin's fixture `landfast` is (docs/testing.md), and runs outside of pytest as well:

    with Stack.start(Options(template=Path("template.yaml"), state=Path("state"))) as stack:
        upload = stack.s3("Uploads").put("in/bad.jsonl", b"...")
        stack.settle()
        print(stack.where(upload).account())

`Service` is the stack below it, whose time jumps by itself. It is talked to as one on AWS is, by boto3:

    with Service.start(Options(template=Path("template.yaml"), state=Path("state"), skip_waits=True)) as service:
        sqs = boto3.client("sqs", endpoint_url=service.endpoint, region_name=service.running.region)
        sqs.send_message(QueueUrl=service.running.resource("queue", "Source").url, MessageBody="{}")
        service.settle()
        entries = [entry for _, entry in read_journal(service.journal)]

`Console.attach(service).url` is a page that shows such a service (docs/console.md). `command_line` has the commands,
for `typer.testing.CliRunner` to give in the same process.
"""

from landfast.cli.app import app as command_line
from landfast.cli.connection import running
from landfast.cli.mendable import in_one_line, keep_threads_quiet
from landfast.cli.up import report_failure
from landfast.console import Console
from landfast.dataplane.engine import EngineName
from landfast.dataplane.ministack import ministack_command, ministack_is_cached, ministack_settings
from landfast.errors import LandfastError
from landfast.journal import Accepted, Entry, Finished, Invoked
from landfast.report.sentences import is_told, sentence
from landfast.service.interrupts import Interrupted, Interrupts
from landfast.service.local_client import peek, settle
from landfast.service.service import Options, Service
from landfast.service.state import Resource, Running, ServiceError
from landfast.service.store import read_journal
from landfast.testing.crash_points import CrashPoint, CrashPoints
from landfast.testing.errors import StackError
from landfast.testing.landed import Hop, Landed
from landfast.testing.sent import Sent
from landfast.testing.stack import Stack

__all__ = [
    "Accepted",
    "Console",
    "CrashPoint",
    "CrashPoints",
    "EngineName",
    "Entry",
    "Finished",
    "Hop",
    "Interrupted",
    "Interrupts",
    "Invoked",
    "Landed",
    "LandfastError",
    "Options",
    "Resource",
    "Running",
    "Sent",
    "Service",
    "ServiceError",
    "Stack",
    "StackError",
    "command_line",
    "in_one_line",
    "is_told",
    "keep_threads_quiet",
    "ministack_command",
    "ministack_is_cached",
    "ministack_settings",
    "peek",
    "read_journal",
    "report_failure",
    "running",
    "sentence",
    "settle",
]
