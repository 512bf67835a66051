"""Which records of the stream a batch was that Lambda gave up (S-63)."""

from typing import Annotated

import msgspec

SequenceNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+$")]


class FailedRange(msgspec.Struct, frozen=True, rename="camel"):
    """The records of one shard from `start_sequence_number` to `end_sequence_number`, both included."""

    stream_arn: str
    shard_id: str
    start_sequence_number: SequenceNumber
    end_sequence_number: SequenceNumber
    batch_size: int

    @property
    def stream_name(self) -> str:
        """The stream's name, from its ARN."""
        return self.stream_arn.rpartition("/")[2]


class Cause(msgspec.Struct, frozen=True, rename="camel"):
    """Why Lambda gave the batch up: `RetryAttemptsExhausted` or `RecordAgeExceeded` (S-58)."""

    condition: str
    request_id: str = ""


class FailureRecord(msgspec.Struct, frozen=True):
    """The message on the failure queue; it holds no data, only where the data is."""

    cause: Cause = msgspec.field(name="requestContext")
    range: FailedRange = msgspec.field(name="KinesisBatchInfo")


_DECODER = msgspec.json.Decoder(FailureRecord)


def parse_failure(body: str) -> FailureRecord:
    """Decode a message of the failure queue.

    Raises:
        msgspec.DecodeError: for anything else; its message goes on to the queue's own DLQ.
    """
    return _DECODER.decode(body)
