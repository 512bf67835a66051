"""What Lambda's API tells of a running service, and what it changes while events flow, by boto3."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from landfast.journal import Entry, Invoked, Settled
from landfast.service.service import Options, Service
from landfast.service.store import read_journal
from tests.clients.conftest import TEMPLATE, Clients, at_rest, called, clients_of

ARN = "arn:aws:lambda:us-east-1:123456789012:function:greeter"


def refused(call: Callable[..., Any], **params: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as error:
        call(**params)
    told = error.value.response
    return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"], told["Error"]["Message"]


def journal(service: Service, *kinds: type[Entry]) -> list[Any]:
    return [entry for _, entry in read_journal(service.journal) if isinstance(entry, kinds)]


def named(aws: Clients, service: Service, kind: str, logical_id: str) -> dict[str, Any]:
    arn = service.running.resource(kind, logical_id).arn
    [mapping] = aws("lambda").list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    return dict(mapping)


def changed(aws: Clients, uuid: str, **settings: Any) -> dict[str, Any]:
    """The mapping, once a change of it is done."""
    aws("lambda").update_event_source_mapping(UUID=uuid, **settings)
    return at_rest(aws, uuid)


def test_functions_are_told_as_the_template_declares_them(aws: Clients, service: Service) -> None:
    worker = service.running.resource("function", "Worker")
    functions = {one["FunctionName"]: one for one in aws("lambda").list_functions()["Functions"]}
    assert set(functions) == {worker.name, "greeter"}
    told = aws("lambda").get_function(FunctionName=worker.name)
    assert told["Configuration"] == functions[worker.name]
    assert told["Configuration"]["Environment"] == {"Variables": {"STAGE": "test"}}
    assert (told["Configuration"]["Handler"], told["Configuration"]["Runtime"]) == ("app.work", "python3.13")
    assert told["Code"]["Location"].endswith("/tests/clients/stack/functions")
    versions = aws("lambda").list_versions_by_function(FunctionName="greeter")["Versions"]
    assert [one["FunctionArn"] for one in versions] == [f"{ARN}:$LATEST", f"{ARN}:1", f"{ARN}:2"]
    live = aws("lambda").get_function_configuration(FunctionName="greeter", Qualifier="live")
    assert (live["FunctionArn"], live["Version"]) == (f"{ARN}:live", "1")
    assert aws("lambda").get_account_settings()["AccountUsage"]["FunctionCount"] == 2
    pages = aws("lambda").get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
    assert [len(page["Functions"]) for page in pages] == [1, 1]


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("get_function", {"FunctionName": "nobody"}, (404, "ResourceNotFoundException", "Function not found: ")),
        ("get_alias", {"FunctionName": "greeter", "Name": "no"}, (404, "ResourceNotFoundException", f"{ARN}:no")),
        ("get_event_source_mapping", {"UUID": str(uuid4())}, (404, "ResourceNotFoundException", "does not exist")),
        ("get_function_url_config", {"FunctionName": "greeter"}, (404, "ResourceNotFoundException", "not exist")),
        ("delete_function", {"FunctionName": "greeter"}, (501, "NotImplementedException", "DeleteFunction")),
        (
            "create_event_source_mapping",
            {"FunctionName": "greeter", "EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:nobody"},
            (400, "InvalidParameterValueException", "does not exist"),
        ),
        (
            "put_function_concurrency",
            {"FunctionName": "greeter", "ReservedConcurrentExecutions": 901},
            (400, "InvalidParameterValueException", "below its minimum value of [100]"),
        ),
        (
            "update_alias",
            {"FunctionName": "greeter", "Name": "live", "FunctionVersion": "9"},
            (404, "ResourceNotFoundException", f"Function not found: {ARN}:9"),
        ),
        (
            "update_alias",
            {
                "FunctionName": "greeter",
                "Name": "live",
                "FunctionVersion": "$LATEST",
                "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}},
            },
            (400, "InvalidParameterValueException", "$LATEST is not supported"),
        ),
    ],
)
def test_what_is_refused_is_refused_as_on_aws(
    aws: Clients, operation: str, params: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    status, code, message = refused(getattr(aws("lambda"), operation), **params)
    assert (status, code) == expected[:2]
    assert expected[2] in message


def test_a_paused_mapping_of_a_queue_receives_nothing_until_it_is_resumed(aws: Clients, service: Service) -> None:
    mapping = named(aws, service, "queue", "Jobs")
    assert (mapping["State"], mapping["BatchSize"]) == ("Enabled", 4)
    url = service.running.resource("queue", "Jobs").url
    assert changed(aws, mapping["UUID"], Enabled=False)["State"] == "Disabled"
    sent = {aws("sqs").send_message(QueueUrl=url, MessageBody="{}")["MessageId"] for _ in range(3)}
    service.settle()
    counts = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert counts["Attributes"]["ApproximateNumberOfMessages"] == "3"
    assert changed(aws, mapping["UUID"], Enabled=True)["State"] == "Enabled"
    service.settle()
    assert sent <= {name for entry in journal(service, Settled) for name in entry.records}


def _flow(aws: Clients, service: Service, parts: int = 12) -> Counter[str]:
    """Send to the queue, the FIFO queue and the stream; what was sent, by the names of the journal."""
    jobs, line = (service.running.resource("queue", name).url for name in ("Jobs", "Line"))
    stream = service.running.resource("stream", "Clicks").name
    sent: Counter[str] = Counter()
    for part in range(parts):
        entries: list[Any] = [{"Id": str(each), "MessageBody": f"{parts}-{part}-{each}"} for each in range(10)]
        ordered: list[Any] = [{**entry, "MessageGroupId": entry["Id"][-1]} for entry in entries]
        for url, batch in ((jobs, entries), (line, ordered)):
            sent.update(
                one["MessageId"] for one in aws("sqs").send_message_batch(QueueUrl=url, Entries=batch)["Successful"]
            )
        records: list[Any] = [{"Data": b"{}", "PartitionKey": str(each)} for each in range(10)]
        told = aws("kinesis").put_records(StreamName=stream, Records=records)["Records"]
        sent.update(f"{one['ShardId']}:{one['SequenceNumber']}" for one in told)
    return sent


def test_mappings_and_an_alias_are_changed_while_events_flow_and_each_event_is_handled_once(
    aws: Clients, service: Service
) -> None:
    mappings = [named(aws, service, "queue", "Jobs"), named(aws, service, "queue", "Line")]
    mappings.append(named(aws, service, "stream", "Clicks"))
    before = len(journal(service, Invoked, Settled))
    sent: list[Counter[str]] = []

    def send() -> None:
        with clients_of(service) as clients:
            sent.append(_flow(clients, service))

    sending = threading.Thread(target=send)
    sending.start()
    executed: Counter[str] = Counter()
    sizes = iter([1, 7, 10, 2, 9, 3, 5, 6, 8])
    while sending.is_alive():
        size = next(sizes, 4)
        weights = {"2": size / 10}
        aws("lambda").update_alias(
            FunctionName="greeter", Name="live", RoutingConfig={"AdditionalVersionWeights": weights}
        )
        executed[called(aws, Qualifier="live")["ExecutedVersion"]] += 1
        for mapping in mappings:
            assert changed(aws, mapping["UUID"], Enabled=False)["State"] == "Disabled"
            assert changed(aws, mapping["UUID"], Enabled=True, BatchSize=size)["BatchSize"] == size
    sending.join()
    changed(aws, mappings[0]["UUID"], Enabled=False)
    sent.append(_flow(aws, service, parts=1))
    changed(aws, mappings[0]["UUID"], Enabled=True, BatchSize=10)
    service.settle()
    for mapping in mappings:
        changed(aws, mapping["UUID"], BatchSize=4)
    expected = sum(sent, Counter[str]())
    entries = journal(service, Invoked, Settled)[before:]
    assert Counter(name for one in entries if isinstance(one, Invoked) for name in one.records) == expected
    assert Counter(name for one in entries if isinstance(one, Settled) for name in one.records) == expected
    assert {one.state for one in entries if isinstance(one, Settled)} == {"processed"}
    assert max(len(one.records) for one in entries if isinstance(one, Invoked)) == 10
    assert set(executed) <= {"1", "2"}


def test_the_weights_of_an_alias_decide_from_the_next_call_on(aws: Clients) -> None:
    def versions(**weights: float) -> set[str]:
        numbers = {name.removeprefix("v"): weight for name, weight in weights.items()}
        aws("lambda").update_alias(
            FunctionName="greeter", Name="live", RoutingConfig={"AdditionalVersionWeights": numbers}
        )
        return {called(aws, FunctionName="greeter:live")["ExecutedVersion"] for _ in range(3)}

    assert versions(v2=1.0) == {"2"}
    told = aws("lambda").get_alias(FunctionName="greeter", Name="live")
    assert (told["FunctionVersion"], told["RoutingConfig"]) == ("1", {"AdditionalVersionWeights": {"2": 1.0}})
    assert versions() == {"1"}


def test_an_alias_can_be_made_called_and_deleted(aws: Clients, service: Service) -> None:
    api = aws("lambda")
    made = api.create_alias(FunctionName="greeter", Name="blue", FunctionVersion="2", Description="next")
    assert (made["AliasArn"], made["Description"]) == (f"{ARN}:blue", "next")
    assert refused(api.create_alias, FunctionName="greeter", Name="blue", FunctionVersion="2")[:2] == (
        409,
        "ResourceConflictException",
    )
    called(aws, Qualifier="blue", InvocationType="Event", Payload=b'{"name": "blue"}')
    service.settle()
    assert called(aws, Qualifier="blue")["ExecutedVersion"] == "2"
    api.delete_alias(FunctionName="greeter", Name="blue")
    assert refused(api.invoke, FunctionName="greeter", Qualifier="blue")[:2] == (404, "ResourceNotFoundException")


def test_a_mapping_is_made_and_deleted_while_the_service_runs(aws: Clients, service: Service) -> None:
    api, spare = aws("lambda"), service.running.resource("queue", "Spare")
    made = api.create_event_source_mapping(FunctionName="greeter:live", EventSourceArn=spare.arn, BatchSize=3)
    assert (made["State"], made["FunctionArn"]) == ("Enabled", f"{ARN}:live")
    again = refused(api.create_event_source_mapping, FunctionName="greeter:live", EventSourceArn=spare.arn)
    assert again[:2] == (409, "ResourceConflictException")
    assert made["UUID"] in again[2]
    sent = aws("sqs").send_message(QueueUrl=spare.url, MessageBody="{}")["MessageId"]
    service.settle()
    assert [one.state for one in journal(service, Settled) if sent in one.records] == ["processed"]
    assert api.delete_event_source_mapping(UUID=made["UUID"])["State"] == "Deleting"
    assert refused(api.get_event_source_mapping, UUID=made["UUID"])[0] == 404


def test_what_becomes_of_asynchronous_events_is_changed_for_those_that_come(aws: Clients, service: Service) -> None:
    api, failures = aws("lambda"), service.running.resource("queue", "Failures")
    live = {"FunctionName": "greeter", "Qualifier": "live"}
    [declared] = api.list_function_event_invoke_configs(FunctionName="greeter")["FunctionEventInvokeConfigs"]
    assert (declared["FunctionArn"], declared["MaximumRetryAttempts"]) == (f"{ARN}:live", 1)
    assert declared["DestinationConfig"]["OnFailure"] == {"Destination": failures.arn}
    assert refused(api.get_function_event_invoke_config, FunctionName="greeter")[0] == 404
    updated = api.update_function_event_invoke_config(**live, MaximumRetryAttempts=0)
    assert (updated["MaximumRetryAttempts"], updated["DestinationConfig"]) == (0, declared["DestinationConfig"])
    sent = called(aws, **live, InvocationType="Event", Payload=b'{"fail": "at once"}')
    service.settle()
    request_id = sent["ResponseMetadata"]["RequestId"]
    assert len([one for one in journal(service, Invoked) if request_id in one.records]) == 1
    api.delete_function_event_invoke_config(**live)
    assert refused(api.get_function_event_invoke_config, **live)[0] == 404
    api.put_function_event_invoke_config(
        **live, MaximumRetryAttempts=1, DestinationConfig=declared["DestinationConfig"]
    )


def test_s_010_reserved_concurrency_is_in_force_at_once(aws: Clients) -> None:
    api = aws("lambda")
    assert "ReservedConcurrentExecutions" not in api.get_function_concurrency(FunctionName="greeter")
    api.put_function_concurrency(FunctionName="greeter", ReservedConcurrentExecutions=0)
    assert refused(api.invoke, FunctionName="greeter")[:2] == (429, "TooManyRequestsException")
    assert api.get_function(FunctionName="greeter")["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    api.delete_function_concurrency(FunctionName="greeter")
    assert called(aws)["StatusCode"] == 200


def test_what_was_changed_survives_a_restart_until_the_template_says_otherwise(tmp_path: Path) -> None:
    template = tmp_path / "app" / "template.yaml"
    template.parent.mkdir()
    (template.parent / "functions").symlink_to(TEMPLATE.parent / "functions")
    template.write_text(TEMPLATE.read_text())
    options = Options(template=template, state=tmp_path / "state", skip_waits=True)
    with Service.start(options) as service, clients_of(service) as aws:
        api = aws("lambda")
        mappings = api.list_event_source_mappings()["EventSourceMappings"]
        for mapping in mappings:
            assert changed(aws, mapping["UUID"], Enabled=False, BatchSize=9)["State"] == "Disabled"
        spare = service.running.resource("queue", "Spare").arn
        api.create_event_source_mapping(FunctionName="greeter:live", EventSourceArn=spare, BatchSize=2)
        api.update_alias(FunctionName="greeter", Name="live", FunctionVersion="2")
        api.put_function_concurrency(FunctionName="greeter", ReservedConcurrentExecutions=7)
    template.write_text(TEMPLATE.read_text().replace("GetAtt Jobs.Arn, BatchSize: 4", "GetAtt Jobs.Arn, BatchSize: 5"))
    with Service.start(options) as service, clients_of(service) as aws:
        api = aws("lambda")
        found = api.list_event_source_mappings()["EventSourceMappings"]
        told = {one["EventSourceArn"].split("-")[-2]: (one["State"], one["BatchSize"]) for one in found}
        kept = ("Disabled", 9)
        assert told == {"Jobs": ("Enabled", 5), "Line": kept, "Clicks": kept, "Spare": ("Enabled", 2)}
        assert api.get_alias(FunctionName="greeter", Name="live")["FunctionVersion"] == "2"
        assert api.get_function_concurrency(FunctionName="greeter")["ReservedConcurrentExecutions"] == 7
        assert len([line for line in service.not_run if "as Lambda's API has changed it" in line]) == 5
