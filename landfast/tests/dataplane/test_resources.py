import json

import msgspec
import pytest

from landfast.dataplane import resources
from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import Engine
from landfast.dataplane.errors import ResourceError
from landfast.dataplane.routes import internal_name
from landfast.dataplane.world import INTERNAL_PREFIX, World
from landfast.template import Target, Template


def test_a_queue_has_the_attributes_that_the_template_gives_it(clients: Clients, world: World) -> None:
    told = clients.sqs.get_queue_attributes(QueueUrl=world.queues["Payments"].url, AttributeNames=["All"])["Attributes"]
    assert told["FifoQueue"] == "true"
    assert told["ContentBasedDeduplication"] == "true"
    assert told["VisibilityTimeout"] == "2"
    redrive = json.loads(told["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == world.queues["DeadLetters"].arn
    assert int(redrive["maxReceiveCount"]) == 2


def test_everything_is_at_the_arn_that_the_template_resolves_to(shop: Template, world: World) -> None:
    assert {key: made.arn for key, made in world.queues.items()} == {k: one.arn for k, one in shop.queues.items()}
    assert dict(world.topics) == {key: one.arn for key, one in shop.topics.items()}
    assert dict(world.streams) == {key: one.arn for key, one in shop.streams.items()}
    assert {key: made.arn for key, made in world.tables.items()} == {k: one.arn for k, one in shop.tables.items()}
    assert dict(world.buckets) == {key: one.name for key, one in shop.buckets.items()}
    assert dict(world.event_buses) == {key: one.arn for key, one in shop.event_buses.items()}


def test_a_tables_stream_is_found_by_its_declared_arn(shop: Template, clients: Clients, world: World) -> None:
    declared = shop.tables["Orders"].stream_arn
    assert declared is not None
    real = world.real_arn(declared)
    assert real != declared
    described = clients.dynamodbstreams.describe_stream(StreamArn=real)["StreamDescription"]
    assert described["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_streams_tables_and_buckets_are_as_declared(clients: Clients, world: World) -> None:
    stream = clients.kinesis.describe_stream_summary(StreamARN=world.streams["Scans"])["StreamDescriptionSummary"]
    assert stream["RetentionPeriodHours"] == 48
    expiry = clients.dynamodb.describe_time_to_live(TableName=world.tables["Orders"].name)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires")
    assert clients.s3.get_bucket_versioning(Bucket=world.buckets["Inbox"])["Status"] == "Enabled"


def test_creating_everything_again_keeps_the_data(
    shop: Template, clients: Clients, engine: Engine, world: World
) -> None:
    done = world.queues["Done"].url
    clients.sqs.send_message(QueueUrl=done, MessageBody="kept")
    clients.dynamodb.put_item(TableName=world.tables["Orders"].name, Item={"id": {"S": "kept"}})
    clients.s3.put_object(Bucket=world.buckets["Inbox"], Key="kept", Body=b"kept")

    assert resources.create(shop, clients, engine.state.engine) == world

    assert clients.sqs.receive_message(QueueUrl=done)["Messages"][0]["Body"] == "kept"
    item = clients.dynamodb.get_item(TableName=world.tables["Orders"].name, Key={"id": {"S": "kept"}})
    assert item["Item"] == {"id": {"S": "kept"}}
    assert clients.s3.get_object(Bucket=world.buckets["Inbox"], Key="kept")["Body"].read() == b"kept"
    clients.sqs.purge_queue(QueueUrl=done)


def test_a_queue_is_found_by_logical_id_name_url_and_arn(world: World) -> None:
    made = world.queues["Done"]
    for reference in ("Done", made.name, made.url, made.arn):
        assert world.queue(reference) == made
    assert world.queue("Nowhere") is None


def test_schedules_are_named_and_not_followed(world: World) -> None:
    [line] = world.not_run
    assert line.startswith("ReaderTimer (AWS::Events::Rule): not run locally: its schedule rate(5 minutes)")


def test_a_rules_target_that_the_engine_lacks_is_named_and_the_rest_is_run(
    shop: Template, clients: Clients, engine: Engine
) -> None:
    rule = shop.rules["ReaderPlaced"]
    strange = Target(id="Strange", arn="arn:aws:states:us-east-1:123456789012:stateMachine:flow")
    other = msgspec.structs.replace(
        rule, logical_id="Other", name="other", schedule_expression=None, targets=(*rule.targets, strange)
    )
    template = msgspec.structs.replace(shop, rules={"Other": other})
    made = resources.create(template, clients, engine.state.engine)
    assert any(line.startswith("Other (AWS::Events::Rule)") and "Strange" in line for line in made.not_run)
    assert len([one for one in made.triggers if one.kind == "events"]) == 1
    told = clients.events.list_targets_by_rule(Rule="other", EventBusName="orders")["Targets"]
    assert [target["Id"] for target in told] == [rule.targets[0].id]
    clients.events.remove_targets(Rule="other", EventBusName="orders", Ids=[rule.targets[0].id])
    clients.events.delete_rule(Name="other", EventBusName="orders")


def test_what_the_endpoint_refuses_is_told_in_one_line(shop: Template, clients: Clients, engine: Engine) -> None:
    attributes = {"VisibilityTimeout": "99999"}
    broken = msgspec.structs.replace(shop.queues["Done"], logical_id="Broken", name="broken!", attributes=attributes)
    template = msgspec.structs.replace(shop, queues={"Broken": broken})
    with pytest.raises(ResourceError, match=r"^Broken: CreateQueue: ") as refused:
        resources.create(template, clients, engine.state.engine)
    assert "\n" not in str(refused.value)


def test_an_endpoint_that_is_not_there_is_told_in_one_line(shop: Template) -> None:
    nowhere = Clients("http://127.0.0.1:9", "us-east-1")
    with pytest.raises(ResourceError, match="Could not connect") as refused:
        resources.create(shop, nowhere)
    assert "\n" not in str(refused.value)
    nowhere.close()


def test_internal_queue_names_differ_and_fit() -> None:
    long = [internal_name("A" * 70, "B" * 70, qualifier) for qualifier in (None, "live", "$LATEST")]
    assert len(set(long)) == 3
    assert all(len(name) <= 80 and name.startswith(INTERNAL_PREFIX) for name in long)
    assert internal_name("A-B", "C", None) != internal_name("A", "B-C", None)
