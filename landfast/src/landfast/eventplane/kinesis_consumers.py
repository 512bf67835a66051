"""Registered consumers of Kinesis streams; nothing is pushed to them here."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from landfast.aws_errors import AwsError
from landfast.eventplane.kinesis_account import KinesisAccount, Operation, check_tags
from landfast.eventplane.kinesis_shapes import listed_consumer
from landfast.eventplane.plane import Result
from landfast.sources.kinesis import KinesisStream
from landfast.sources.kinesis_rows import Consumer

MOST: Final = 20
"""Consumers of a stream (Kinesis API, `RegisterStreamConsumer`)."""

MOST_LISTED: Final = 100


def _register(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream, name, now = account.named(params), params["ConsumerName"], account.world.now()
    consumers = stream.settings.consumers
    if name in consumers:
        message = f"Consumer {name} under {stream.settings.told} already exists."
        raise AwsError("ResourceInUseException", message)
    if len(consumers) >= MOST:
        message = f"{MOST} consumers are registered with {stream.settings.told} already."
        raise AwsError("LimitExceededException", message)
    consumer = Consumer(
        name=name,
        arn=f"{stream.arn}/consumer/{name}:{int(now)}",
        created=now,
        tags=check_tags(params.get("Tags", {}), {}, name),
    )
    consumers[name] = consumer
    stream.save()
    return {"Consumer": listed_consumer(consumer)}


def _describe(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream, consumer = _found(account, params)
    return {"ConsumerDescription": {**listed_consumer(consumer), "StreamARN": stream.arn}}


def _deregister(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream, consumer = _found(account, params)
    del stream.settings.consumers[consumer.name]
    stream.settings.policies.pop(consumer.arn, None)
    stream.save()


def _list(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream, after = account.named(params), ""
    if (token := params.get("NextToken")) is not None:
        try:
            after = base64.b64decode(token, validate=True).decode()
        except (binascii.Error, ValueError):
            raise AwsError("InvalidArgumentException", "NextToken is invalid.") from None
    most = params.get("MaxResults", MOST_LISTED)
    names = sorted(name for name in stream.settings.consumers if name > after)
    listed: dict[str, Any] = {
        "Consumers": [listed_consumer(stream.settings.consumers[name]) for name in names[:most]],
    }
    if len(names) > most:
        listed["NextToken"] = base64.b64encode(names[most - 1].encode()).decode()
    return listed


def _subscribe(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    _found(account, params)
    raise AwsError(
        "NotImplementedException",
        "SubscribeToShard is not available: the local Kinesis pushes nothing; read the shard with GetRecords.",
        status=501,
    )


def _found(account: KinesisAccount, params: Mapping[str, Any]) -> tuple[KinesisStream, Consumer]:
    """The consumer that a call names, by its ARN or by its stream and name."""
    arn, name = params.get("ConsumerARN"), params.get("ConsumerName")
    if arn is None and (name is None or "StreamARN" not in params):
        message = "Either ConsumerARN, or StreamARN and ConsumerName must be provided."
        raise AwsError("InvalidArgumentException", message)
    stream = account.named({"StreamARN": params["StreamARN"] if arn is None else arn.partition("/consumer/")[0]})
    for consumer in stream.settings.consumers.values():
        if arn in {None, consumer.arn} and name in {None, consumer.name}:
            return stream, consumer
    raise AwsError("ResourceNotFoundException", f"Consumer {arn or name}, account {account.account} not found.")


OPERATIONS: Final[Mapping[str, Operation]] = {
    "DeregisterStreamConsumer": _deregister,
    "DescribeStreamConsumer": _describe,
    "ListStreamConsumers": _list,
    "RegisterStreamConsumer": _register,
    "SubscribeToShard": _subscribe,
}
