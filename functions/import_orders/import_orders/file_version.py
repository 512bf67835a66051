"""Which of two versions of order files is the newer one, so that an order never goes back to an older one.

S3 does not order its notifications, and retries and replays come at any time. So each order keeps which file it is
from, and DynamoDB compares while it writes:

* Of one file the sequencer decides (S-41). Where there is none, or it is the same, the moment does.
* Of two files the moment decides: when S3 says the object was last modified, in seconds, then the notification's own
  time, in milliseconds. The former belongs to the object, whoever tells of it and whenever. Of two files of the same
  moment the one with the greater digest is the newer, so that the outcome is the same in whatever order they come.
* The version that an order is from may write it again: a repeat finds what it wrote, and completes what it had not.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from import_orders.upload import Upload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

# Names that begin with an underscore are the table's own bookkeeping: no part of the order, and never published.
FILE, SEQUENCER, MOMENT, CORRELATION_ID = "_file", "_sequencer", "_moment", "correlationId"
_NAMES = {"#file": FILE, "#sequencer": SEQUENCER, "#moment": MOMENT, "#version": CORRELATION_ID}

_BY_MOMENT = "#moment <= :moment"
_BY_SEQUENCER = (
    f"(#sequencer < :sequencer OR ((attribute_not_exists(#sequencer) OR #sequencer = :sequencer) AND {_BY_MOMENT}))"
)
_BY_MOMENT_AND_FILE = "(#moment < :moment OR (#moment = :moment AND #file < :file))"


@dataclass(frozen=True)
class FileVersion:
    """One version of one file, as it is kept with each order that is from it.

    Attributes:
        file: A digest that stands for bucket and key: a key may be longer than an order.
        sequencer: S3's, in a form that compares as text.
        moment: Last modified and the notification's time, in a form that compares as text.
        correlation_id: What everything that comes of the upload is logged under; it stands for the version as well.
    """

    file: str
    sequencer: str | None
    moment: str
    correlation_id: str

    @property
    def attributes(self) -> "dict[str, AttributeValueTypeDef]":
        """What an order of this version keeps of it."""
        kept: dict[str, AttributeValueTypeDef] = {
            FILE: {"S": self.file},
            MOMENT: {"S": self.moment},
            CORRELATION_ID: {"S": self.correlation_id},
        }
        return kept if self.sequencer is None else kept | {SEQUENCER: {"S": self.sequencer}}

    @property
    def condition(self) -> str:
        """Holds for an order that is not in the table, or is from this version or an older one."""
        of_this_file = _BY_MOMENT if self.sequencer is None else _BY_SEQUENCER
        return (
            "attribute_not_exists(#moment) OR #version = :version "
            f"OR (#file = :file AND {of_this_file}) OR (#file <> :file AND {_BY_MOMENT_AND_FILE})"
        )

    @property
    def names(self) -> dict[str, str]:
        """The expression attribute names of the condition: all of them, and no other."""
        return {name: attribute for name, attribute in _NAMES.items() if name in self.condition}

    @property
    def values(self) -> "dict[str, AttributeValueTypeDef]":
        """The expression attribute values of the condition."""
        values: dict[str, AttributeValueTypeDef] = {
            ":version": {"S": self.correlation_id},
            ":file": {"S": self.file},
            ":moment": {"S": self.moment},
        }
        return values if self.sequencer is None else values | {":sequencer": {"S": self.sequencer}}


def version_of(upload: Upload, last_modified: datetime) -> FileVersion:
    """Return the version that was uploaded; `last_modified` is what S3 says of the object."""
    second = last_modified.astimezone(UTC).isoformat(timespec="seconds")
    return FileVersion(
        file=upload.file_digest,
        sequencer=upload.sequencer,
        moment=f"{second} {upload.event_time or ''}",
        correlation_id=upload.correlation_id,
    )
