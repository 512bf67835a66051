"""Amazon SNS: its API before topics and subscriptions, and their deliveries.

A message goes to its queues and functions in the turn in which it is published. What an endpoint refuses goes to its
subscription's dead-letter queue, and without one it is dropped; both are in the journal. SNS's own retries of an
endpoint that is away have nothing to do here: what is on this machine is there, or is not.

SMS, mobile push and endpoints over HTTP or e-mail are not run.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from landfast.aws_errors import AwsError
from landfast.eventplane import sns_answers
from landfast.eventplane.pages import page
from landfast.eventplane.plane import Result, as_aws_error, carried_out
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.router import Router
from landfast.journal import Delivered, Dropped
from landfast.protocols.call import Call
from landfast.sources import sns_publishing, sns_settings
from landfast.sources.policies import policy_document
from landfast.sources.refusal import Refusal
from landfast.sources.sent import Sent
from landfast.sources.sns_messages import LARGEST, invalid
from landfast.sources.sns_publishing import Delivery, Publication, Published, Publisher
from landfast.sources.sns_topics import Topic, Topics

T = TypeVar("T")

KIND: Final = "sns"
_PAGE = 100
_BATCH = 10
_LONGEST_ID = 80


class SnsApi:
    """Answers calls of the SNS API, and takes what other services send to topics.

    Args:
        world: The event plane's clock, its rows, its journal.
        router: Delivers.
        account: The account, twelve digits.
        region: The region.
        new_id: Makes unique ids.
    """

    service = "sns"

    def __init__(self, world: PlaneWorld, router: Router, account: str, region: str, new_id: Callable[[], str]) -> None:
        self._world = world
        self._router = router
        self._account = account
        keep = world.keeper(KIND, region)
        self._topics = Topics(keep, f"arn:aws:sns:{region}:{account}:", new_id)
        self._publisher = Publisher(self._topics, keep, new_id)
        rows = [(key, content) for owner, key, content in world.rows(KIND) if owner == region]
        self._topics.restore(rows)
        self._publisher.restore(rows)
        self._operations: Mapping[str, Callable[[Call], Result]] = {
            "AddPermission": self._add_permission,
            "ConfirmSubscription": self._confirm_subscription,
            "CreateTopic": self._create_topic,
            "DeleteTopic": self._delete_topic,
            "GetSubscriptionAttributes": self._get_subscription_attributes,
            "GetTopicAttributes": self._get_topic_attributes,
            "ListSubscriptions": self._list_subscriptions,
            "ListSubscriptionsByTopic": self._list_subscriptions_by_topic,
            "ListTagsForResource": self._list_tags,
            "ListTopics": self._list_topics,
            "Publish": self._publish,
            "PublishBatch": self._publish_batch,
            "RemovePermission": self._remove_permission,
            "SetSubscriptionAttributes": self._set_subscription_attributes,
            "SetTopicAttributes": self._set_topic_attributes,
            "Subscribe": self._subscribe,
            "TagResource": self._tag,
            "Unsubscribe": self._unsubscribe,
            "UntagResource": self._untag,
        }

    def answer(self, call: Call) -> Result:
        """Do what a call asks for.

        Raises:
            AwsError: It is refused.
        """
        return carried_out(self._operations, call, call)

    def take(self, arn: str, sent: Sent) -> None:
        """Publish what another service sends to a topic.

        Raises:
            AwsError: The topic does not take it.
        """
        publication = Publication(
            message=sent.body,
            subject=sent.subject,
            attributes=sent.attributes,
            group=sent.group,
            deduplication_id=sent.deduplication_id,
            trace=sent.trace,
        )
        with as_aws_error():
            topic = self._topics.topic(arn)
            sns_publishing.check(topic, publication)
        self._deliver(topic, publication)

    def _deliver(self, topic: Topic, publication: Publication) -> Published:
        published = self._publisher.publish(topic, publication, self._world.now())
        for each in published.deliveries:
            self._send(topic, published.id, each)
        return published

    def _send(self, topic: Topic, message: str, delivery: Delivery) -> None:
        try:
            self._router.send(delivery.subscription.endpoint, delivery.sent)
        except AwsError as error:
            self._redrive(topic, message, delivery, f"{delivery.subscription.endpoint}: {error}")

    def _redrive(self, topic: Topic, message: str, delivery: Delivery, reason: str) -> None:
        """Send what an endpoint refused to the dead-letter queue of its subscription."""
        at, source = self._world.now(), f"topic {topic.name}"
        queue = delivery.subscription.dead_letter_queue
        if queue is None:
            metric = "NumberOfNotificationsFailed"
            self._world.note(Dropped(at=at, source=source, records=(message,), metric=metric, error=reason))
            return
        try:
            self._router.send(queue, delivery.redriven)
        except AwsError as error:
            metric, told = "NumberOfNotificationsFailedToRedriveToDlq", f"{reason}; {queue}: {error}"
            self._world.note(Dropped(at=at, source=source, records=(message,), metric=metric, error=told))
            return
        body = {"body": delivery.redriven.body, "error": reason}
        rule = "RedrivePolicy of the subscription"
        self._world.note(
            Delivered(at=at, source=source, records=(message,), kind="dlq", target=queue, body=body, rule=rule)
        )

    def _publish(self, call: Call) -> Result:
        params = call.params
        if "PhoneNumber" in params:
            raise AwsError("NotImplementedException", "Publish to a PhoneNumber is not run locally.", status=501)
        arn = params.get("TopicArn") or params.get("TargetArn") or ""
        if ":endpoint/" in arn:
            raise AwsError("NotImplementedException", "Publish to a platform endpoint is not run locally.", status=501)
        topic = self._topics.topic(arn)
        publication = _publication(params, call.trace)
        sns_publishing.check(topic, publication)
        return sns_answers.published(self._deliver(topic, publication))

    def _publish_batch(self, call: Call) -> Result:
        """All messages of a batch are checked before any is published, as SNS does."""
        entries: list[Mapping[str, Any]] = call.params["PublishBatchRequestEntries"]
        _check_batch([entry["Id"] for entry in entries])
        topic = self._topics.topic(call.params["TopicArn"])
        publications = [_publication(entry, call.trace) for entry in entries]
        for place, publication in enumerate(publications, start=1):
            sns_publishing.check(topic, publication, place)
        if sum(map(sns_publishing.size, publications)) > LARGEST:
            raise Refusal("BatchRequestTooLong", "The length of all the messages put together is more than the limit.")
        done = [self._deliver(topic, publication) for publication in publications]
        pairs = zip(entries, done, strict=True)
        successful = [{"Id": entry["Id"], **sns_answers.published(each)} for entry, each in pairs]
        return {"Successful": successful, "Failed": []}

    def _create_topic(self, call: Call) -> Result:
        attributes = call.params.get("Attributes") or {}
        tags = sns_answers.tags_of(call.params.get("Tags") or [])
        return {"TopicArn": self._topics.create(call.params["Name"], attributes, tags).arn}

    def _delete_topic(self, call: Call) -> Result:
        self._topics.delete(call.params["TopicArn"])
        return {}

    def _list_topics(self, call: Call) -> Result:
        arns, token = _page(sorted(self._topics.topics), call.params)
        return sns_answers.with_token({"Topics": [{"TopicArn": arn} for arn in arns]}, token)

    def _get_topic_attributes(self, call: Call) -> Result:
        topic = self._topics.topic(call.params["TopicArn"])
        subscriptions = len(self._topics.of_topic(topic.arn))
        return {"Attributes": sns_answers.topic_attributes(topic, self._account, subscriptions)}

    def _set_topic_attributes(self, call: Call) -> Result:
        topic = self._topics.topic(call.params["TopicArn"])
        name, value = call.params["AttributeName"], call.params.get("AttributeValue", "")
        sns_settings.check_topic_attribute(name, value, fifo=topic.fifo)
        topic.attributes[name] = value
        self._topics.keep_topic(topic)
        return {}

    def _subscribe(self, call: Call) -> Result:
        params = call.params
        topic = self._topics.topic(params["TopicArn"])
        endpoint, attributes = params.get("Endpoint", ""), params.get("Attributes") or {}
        return {"SubscriptionArn": self._topics.subscribe(topic, params["Protocol"], endpoint, attributes).arn}

    def _confirm_subscription(self, call: Call) -> Result:
        """No subscription of a queue or a function of the same account waits to be confirmed."""
        self._topics.topic(call.params["TopicArn"])
        raise invalid("Token")

    def _unsubscribe(self, call: Call) -> Result:
        arn = call.params["SubscriptionArn"]
        parts = len(arn.split(":"))
        if parts < sns_answers.PARTS:
            raise invalid(
                f"SubscriptionArn Reason: An ARN must have at least {sns_answers.PARTS} elements, not {parts}"
            )
        if parts == sns_answers.PARTS:
            raise invalid("SubscriptionId")
        self._topics.unsubscribe(arn)
        return {}

    def _get_subscription_attributes(self, call: Call) -> Result:
        subscription = self._topics.subscription(call.params["SubscriptionArn"])
        return {"Attributes": sns_answers.subscription_attributes(subscription, self._account)}

    def _set_subscription_attributes(self, call: Call) -> Result:
        subscription = self._topics.subscription(call.params["SubscriptionArn"])
        self._topics.change(subscription, call.params["AttributeName"], call.params.get("AttributeValue", ""))
        return {}

    def _list_subscriptions(self, call: Call) -> Result:
        every = [self._topics.subscriptions[arn] for arn in sorted(self._topics.subscriptions)]
        subscriptions, token = _page(every, call.params)
        shown = [sns_answers.subscription(each, self._account) for each in subscriptions]
        return sns_answers.with_token({"Subscriptions": shown}, token)

    def _list_subscriptions_by_topic(self, call: Call) -> Result:
        topic = self._topics.topic(call.params["TopicArn"])
        subscriptions, token = _page(self._topics.of_topic(topic.arn), call.params)
        shown = [sns_answers.subscription(each, self._account) for each in subscriptions]
        return sns_answers.with_token({"Subscriptions": shown}, token)

    def _tagged(self, arn: str) -> Topic:
        topic = self._topics.topics.get(arn)
        if topic is None:
            raise Refusal("ResourceNotFound", "Resource does not exist", status=404)
        return topic

    def _list_tags(self, call: Call) -> Result:
        tags = self._tagged(call.params["ResourceArn"]).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tag(self, call: Call) -> Result:
        topic = self._tagged(call.params["ResourceArn"])
        topic.tags |= sns_answers.tags_of(call.params["Tags"])
        self._topics.keep_topic(topic)
        return {}

    def _untag(self, call: Call) -> Result:
        topic = self._tagged(call.params["ResourceArn"])
        topic.tags = {key: value for key, value in topic.tags.items() if key not in call.params["TagKeys"]}
        self._topics.keep_topic(topic)
        return {}

    def _add_permission(self, call: Call) -> Result:
        topic = self._topics.topic(call.params["TopicArn"])
        policy = policy_document(sns_answers.policy(topic, self._account))
        label = call.params["Label"]
        if any(statement.get("Sid") == label for statement in policy["Statement"]):
            raise invalid("Statement already exists")
        policy["Statement"].append(sns_answers.statement(topic, call.params))
        self._keep_policy(topic, policy)
        return {}

    def _remove_permission(self, call: Call) -> Result:
        topic = self._topics.topic(call.params["TopicArn"])
        policy = policy_document(sns_answers.policy(topic, self._account))
        policy["Statement"] = [each for each in policy["Statement"] if each.get("Sid") != call.params["Label"]]
        self._keep_policy(topic, policy)
        return {}

    def _keep_policy(self, topic: Topic, policy: object) -> None:
        topic.attributes["Policy"] = json.dumps(policy)
        self._topics.keep_topic(topic)


def _page(items: list[T], params: Mapping[str, Any]) -> tuple[list[T], str | None]:
    try:
        return page(items, params.get("NextToken"), _PAGE)
    except ValueError:
        raise invalid("NextToken") from None


def _publication(params: Mapping[str, Any], trace: str) -> Publication:
    return Publication(
        message=params.get("Message", ""),
        subject=params.get("Subject"),
        structure=params.get("MessageStructure"),
        attributes=params.get("MessageAttributes") or {},
        group=params.get("MessageGroupId"),
        deduplication_id=params.get("MessageDeduplicationId"),
        trace=trace,
    )


def _check_batch(ids: list[str]) -> None:
    if not ids:
        raise Refusal("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(ids) > _BATCH:
        raise Refusal("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
    if len(set(ids)) < len(ids):
        raise Refusal("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
    for each in ids:
        if len(each) > _LONGEST_ID:
            raise Refusal("InvalidBatchEntryId", f"The Id of a batch entry in the batch request is too long: {each}")
        if not each.replace("-", "a").replace("_", "a").isalnum() or not each.isascii():
            raise Refusal(
                "InvalidBatchEntryId",
                f"The Id of a batch entry in the batch request contains an impermissible character: {each}",
            )
