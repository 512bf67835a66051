"""Carries out what a delivery machine wants delivered, by public AWS calls."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from landfast.dataplane.clients import Clients
from landfast.dataplane.errors import DeliveryFailed
from landfast.dataplane.queues import QueueUrls
from landfast.delivery.actions import Deliver, DeliveryKind
from landfast.delivery.strict_json import json_text


class Destinations:
    """Every kind of target but functions, which are the service's own."""

    def __init__(self, clients: Clients, urls: QueueUrls) -> None:
        self._clients = clients
        self._urls = urls
        self._senders: Final[Mapping[DeliveryKind, Callable[[str, Mapping[str, Any]], None]]] = {
            "sqs": lambda arn, body: self._send(arn, json_text(body)),
            "sns": lambda arn, body: self._publish(arn, json_text(body)),
            "events": self._put_event,
            "s3": self._put_object,
            "dlq": self._dead_letter,
        }

    def deliver(self, delivery: Deliver[Any]) -> None:
        """Send it, once (S-13, S-18, S-19, S-24, S-63, S-66).

        Raises:
            DeliveryFailed: The target did not take it.
        """
        send = self._senders.get(delivery.kind)
        if send is None:
            raise DeliveryFailed(delivery.target, f"{delivery.kind} is not a target of the data plane")
        try:
            send(delivery.target, delivery.body)
        except ClientError as error:
            answer = error.response["Error"]
            raise DeliveryFailed(delivery.target, f"{answer['Code']}: {answer['Message']}") from error
        except BotoCoreError as error:
            raise DeliveryFailed(delivery.target, str(error)) from error

    def _send(self, arn: str, body: str, attributes: Mapping[str, Any] | None = None) -> None:
        url = self._urls.of(arn)
        self._clients.sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes or {})

    def _publish(self, arn: str, message: str, attributes: Mapping[str, Any] | None = None) -> None:
        self._clients.sns.publish(TopicArn=arn, Message=message, MessageAttributes=attributes or {})

    def _dead_letter(self, arn: str, letter: Mapping[str, Any]) -> None:
        send = self._publish if arn.split(":")[2] == "sns" else self._send
        send(arn, letter["body"], letter["attributes"])

    def _put_event(self, arn: str, event: Mapping[str, Any]) -> None:
        answer = self._clients.events.put_events(
            Entries=[
                {
                    "Source": event["source"],
                    "DetailType": event["detail-type"],
                    "Resources": list(event["resources"]),
                    "Detail": json_text(event["detail"]),
                    "EventBusName": arn,
                }
            ]
        )
        if answer["FailedEntryCount"]:
            [entry] = answer["Entries"]
            raise DeliveryFailed(arn, f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")

    def _put_object(self, _: str, body: Mapping[str, Any]) -> None:
        self._clients.s3.put_object(
            Bucket=body["bucket"],
            Key=body["key"],
            Body=json_text(body["object"]).encode(),
            ContentType="application/json",
        )
