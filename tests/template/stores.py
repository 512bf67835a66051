"""The rules of what stores: encrypted, private, by TLS only, and nothing goes that someone may want back."""

from collections.abc import Iterator
from typing import Any

from tests.template.stack import Stack, as_list, target, targets
from tests.template.wiring import ALARM, BUCKET, EVENT_RULE, QUEUE, TABLE, TOPIC, Rule, Violations

WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}

TOPIC_ACTIONS = {
    "sns:Publish",
    "sns:Subscribe",
    "sns:GetTopicAttributes",
    "sns:SetTopicAttributes",
    "sns:AddPermission",
    "sns:RemovePermission",
    "sns:DeleteTopic",
    "sns:ListSubscriptionsByTopic",
}
"""What the policy allows that SNS gives to a new topic, and that another one takes the place of (SNS guide)."""

LONGEST_REPLAY_DAYS = 14
"""How long a failure is kept at most from which something is replayed: the longest retention of a queue."""

type Statement = dict[str, Any]


def what_is_stored_is_encrypted(stack: Stack) -> Violations:
    stated = {
        QUEUE: "SqsManagedSseEnabled",
        TOPIC: "KmsMasterKeyId",
        "AWS::Kinesis::Stream": "StreamEncryption",
        TABLE: "SSESpecification",
        BUCKET: "BucketEncryption",
    }
    for kind, setting in stated.items():
        for name, properties in stack.all(kind).items():
            if not properties.get(setting):
                yield f"{name}: does not state its encryption"


def policies(stack: Stack, kind: str, resources: str) -> dict[str, list[list[Statement]]]:
    """Return the statements of each policy of a queue, topic or bucket, by its logical id.

    Args:
        stack: the template.
        kind: the type of the policies.
        resources: the property that names what they are attached to.
    """
    found: dict[str, list[list[Statement]]] = {}
    for policy in stack.all(kind).values():
        for each in targets(policy[resources]):
            found.setdefault(each, []).append(policy["PolicyDocument"]["Statement"])
    return found


def everything_takes_tls_only(stack: Stack) -> Violations:
    attached = {
        QUEUE: (policies(stack, "AWS::SQS::QueuePolicy", "Queues"), {"sqs:*"}),
        TOPIC: (policies(stack, "AWS::SNS::TopicPolicy", "Topics"), TOPIC_ACTIONS),
        BUCKET: (policies(stack, "AWS::S3::BucketPolicy", "Bucket"), {"s3:*"}),
    }
    for kind, (found, actions) in attached.items():
        for name in stack.all(kind):
            given = found.get(name, [])
            if len(given) > 1:
                yield f"{name}: has {len(given)} policies, of which AWS keeps the last"
            elif not any(_denies_without_tls(each, name, actions) for policy in given for each in policy):
                yield f"{name}: takes requests without TLS"


def _denies_without_tls(statement: Statement, name: str, actions: set[str]) -> bool:
    resource = statement["Resource"]
    return (
        statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and set(as_list(statement["Action"])) == actions
        and (resource == "*" or name in targets(resource))
        and statement["Condition"] == WITHOUT_TLS
    )


def buckets_are_private(stack: Stack) -> Violations:
    for name, bucket in stack.all(BUCKET).items():
        block = bucket.get("PublicAccessBlockConfiguration", {})
        if len(block) != 4 or not all(setting is True for setting in block.values()):
            yield f"{name}: can be made public"


def topics_can_be_used_by_their_account(stack: Stack) -> Violations:
    """A topic's policy takes the place of the one that SNS gives it."""
    account = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    for name, given in policies(stack, "AWS::SNS::TopicPolicy", "Topics").items():
        allowed = {
            action
            for statement in given[0]
            if statement["Effect"] == "Allow" and statement["Principal"] == account
            for action in as_list(statement["Action"])
        }
        if allowed != TOPIC_ACTIONS:
            yield f"{name}: its account may not do {sorted(TOPIC_ACTIONS - allowed)}"


def services_may_send_and_only_on_behalf_of_this_stack(stack: Stack) -> Violations:
    topics = policies(stack, "AWS::SNS::TopicPolicy", "Topics")
    for topic in {target(each) for alarm in stack.all(ALARM).values() for each in alarm.get("AlarmActions", [])}:
        if not any(_lets(each, "cloudwatch.amazonaws.com", "sns:Publish", topic) for each in topics[topic][0]):
            yield f"{topic}: CloudWatch may not publish alarms to it"
    queues = policies(stack, "AWS::SQS::QueuePolicy", "Queues")
    for name, rule in stack.all(EVENT_RULE).items():
        for queue in sorted(targets([[each["Arn"], each.get("DeadLetterConfig")] for each in rule["Targets"]])):
            if stack.type_of(queue) == QUEUE and not any(
                _lets(each, "events.amazonaws.com", "sqs:SendMessage", queue)
                and each["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [name, "Arn"]}}}
                for each in queues[queue][0]
            ):
                yield f"{name}: may not send to {queue}"
    for statement in _statements(topics, queues):
        if statement["Effect"] == "Allow" and "Service" in statement["Principal"] and not statement.get("Condition"):
            yield f"{statement['Sid']}: {statement['Principal']['Service']} may send on behalf of any account"


def _lets(statement: Statement, service: str, action: str, name: str) -> bool:
    return (
        statement["Effect"] == "Allow"
        and statement["Principal"] == {"Service": service}
        and action in as_list(statement["Action"])
        and name in targets(statement["Resource"])
    )


def _statements(*attached: dict[str, list[list[Statement]]]) -> Iterator[Statement]:
    for each in attached:
        for given in each.values():
            for policy in given:
                yield from policy


def data_outlives_its_stack(stack: Stack) -> Violations:
    for name, resource in stack.translated["Resources"].items():
        if resource["Type"] in {BUCKET, TABLE} and name != "IdempotencyTable":
            if resource.get("DeletionPolicy") != _kept("RetainExceptOnCreate"):
                yield f"{name}: its data goes with the stack, or does not go with a trial"
            if resource.get("UpdateReplacePolicy") != _kept("Retain"):
                yield f"{name}: its data goes when it is replaced, or does not go with a trial"


def _kept(policy: str) -> dict[str, list[str]]:
    return {"Fn::If": ["KeepData", policy, "Delete"]}


def nothing_else_outlives_its_stack(stack: Stack) -> Violations:
    """Versions do, in the template; they go with their functions."""
    if stack.source["Conditions"]["KeepData"] != {"Fn::Equals": [{"Ref": "Disposable"}, "false"]}:
        yield "KeepData: is not what the parameter Disposable says"
    for name, resource in stack.translated["Resources"].items():
        kept = {resource.get(key, "Delete") == "Delete" for key in ("DeletionPolicy", "UpdateReplacePolicy")} != {True}
        if kept and resource["Type"] not in {BUCKET, TABLE, "AWS::Lambda::Version"}:
            yield f"{name}: is left behind"


def what_is_overwritten_or_deleted_can_be_had_back(stack: Stack) -> Violations:
    for name, table in stack.all(TABLE).items():
        if table.get("PointInTimeRecoverySpecification") != {"PointInTimeRecoveryEnabled": True}:
            yield f"{name}: has no point-in-time recovery"
    for name, bucket in stack.all(BUCKET).items():
        if bucket.get("VersioningConfiguration") != {"Status": "Enabled"}:
            yield f"{name}: keeps no earlier versions"
        days = [
            rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
            for rule in bucket.get("LifecycleConfiguration", {}).get("Rules", [])
            if rule["Status"] == "Enabled" and "NoncurrentVersionExpiration" in rule
        ]
        if not days or min(days) <= LONGEST_REPLAY_DAYS:
            yield f"{name}: its earlier versions are kept for ever, or go before the last replay"


RULES: list[Rule] = [
    what_is_stored_is_encrypted,
    everything_takes_tls_only,
    buckets_are_private,
    topics_can_be_used_by_their_account,
    services_may_send_and_only_on_behalf_of_this_stack,
    data_outlives_its_stack,
    nothing_else_outlives_its_stack,
    what_is_overwritten_or_deleted_can_be_had_back,
]
