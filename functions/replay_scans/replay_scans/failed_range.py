"""Which records of the stream a batch was that Lambda gave up (S-63)."""

from typing import Annotated

import msgspec

from backoffice.messages import MalformedError, decoded

# As Kinesis defines them (its API reference); Python takes no longer text for a number than 4,300 digits.
SequenceNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,129}\Z")]
ShardId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,128}\Z")]
StreamArn = Annotated[
    str, msgspec.Meta(pattern=r"^arn:aws[a-z-]*:kinesis:[a-z0-9-]{1,64}:[0-9]{12}:stream/[A-Za-z0-9_.-]{1,128}\Z")
]


class MalformedFailureError(MalformedError):
    """A message that is no record of a failed batch of a stream."""


class FailedRange(msgspec.Struct, frozen=True, rename="camel"):
    """The records of one shard from `start_sequence_number` to `end_sequence_number`, both included."""

    stream_arn: StreamArn
    shard_id: ShardId
    start_sequence_number: SequenceNumber
    end_sequence_number: SequenceNumber
    batch_size: int

    @property
    def stream_name(self) -> str:
        """The stream's name, from its ARN."""
        return self.stream_arn.rpartition("/")[2]


class Cause(msgspec.Struct, frozen=True, rename="camel"):
    """Why Lambda gave the batch up: `RetryAttemptsExhausted` or `RecordAgeExceeded` (S-58)."""

    condition: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{1,64}\Z")]
    request_id: str = ""


class FailureRecord(msgspec.Struct, frozen=True):
    """The message on the failure queue; it holds no data, only where the data is."""

    cause: Cause = msgspec.field(name="requestContext")
    range: FailedRange = msgspec.field(name="KinesisBatchInfo")


_DECODER = msgspec.json.Decoder(FailureRecord)


def parse_failure(body: str) -> FailureRecord:
    """Decode a message of the failure queue.

    Raises:
        MalformedFailureError: for anything else; its message goes on to the queue's own DLQ.
    """
    return decoded(_DECODER, body, MalformedFailureError)
