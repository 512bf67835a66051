"""S-142: what each way to make, change or remove an object tells those whom the bucket notifies."""

import io
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from boto3.s3.transfer import TransferConfig

from tests.contract.aws import Aws, refusal
from tests.contract.buckets import publish, records_of, told

pytestmark = [
    pytest.mark.stored,
    pytest.mark.source(
        "S-142, S-40; S3 User Guide, Event notification types; "
        "recorded: localstack s3/test_s3_notifications_sqs.snapshot.json"
    ),
]

PART = 5 * 1024 * 1024
TAGS = {"TagSet": [{"Key": "colour", "Value": "red"}]}


@dataclass(frozen=True, slots=True)
class Operation:
    """A call, and what it tells.

    Attributes:
        what: It does.
        call: On a bucket that has the object `there`, tagged.
        events: Names of events and keys.
        code: Of the error, if it is refused.
        versioned: Whether the bucket is.
    """

    what: str
    call: Callable[[Aws, str], object]
    events: tuple[tuple[str, str], ...] = ()
    code: str = ""
    versioned: bool = False


def _multipart(aws: Aws, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "big"}
    upload["UploadId"] = aws.s3.create_multipart_upload(**upload)["UploadId"]
    first = aws.s3.upload_part(**upload, PartNumber=1, Body=b"a" * PART)["ETag"]
    second = aws.s3.upload_part_copy(**upload, PartNumber=2, CopySource=f"{bucket}/there")["CopyPartResult"]["ETag"]
    parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
    aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def _aborted(aws: Aws, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "big"}
    upload["UploadId"] = aws.s3.create_multipart_upload(**upload)["UploadId"]
    aws.s3.upload_part(**upload, PartNumber=1, Body=b"a" * 10)
    aws.s3.abort_multipart_upload(**upload)


def _incomplete(aws: Aws, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "big"}
    upload["UploadId"] = aws.s3.create_multipart_upload(**upload)["UploadId"]
    aws.s3.upload_part(**upload, PartNumber=1, Body=b"a" * 10)
    wrong = {"Parts": [{"PartNumber": 2, "ETag": '"0123456789abcdef0123456789abcdef"'}]}
    aws.s3.complete_multipart_upload(**upload, MultipartUpload=wrong)


def _completed(aws: Aws, bucket: str, *numbers: int, **conditions: str) -> None:
    """End an upload of two short parts, of which only the last may be short."""
    upload = {"Bucket": bucket, "Key": "there"}
    upload["UploadId"] = aws.s3.create_multipart_upload(**upload)["UploadId"]
    tags = {number: aws.s3.upload_part(**upload, PartNumber=number, Body=b"a")["ETag"] for number in (1, 2)}
    parts = [{"PartNumber": number, "ETag": tags[number]} for number in numbers]
    aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **conditions)


def _never_begun(aws: Aws, bucket: str) -> None:
    parts = [{"PartNumber": 1, "ETag": '"0123456789abcdef0123456789abcdef"'}]
    aws.s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId="never-begun", MultipartUpload={"Parts": parts})


def _copy(aws: Aws, bucket: str, to: str = "copy", **conditions: str | datetime) -> None:
    aws.s3.copy_object(Bucket=bucket, Key=to, CopySource=f"{bucket}/there", **conditions)


def _upload(aws: Aws, bucket: str) -> None:
    """As most programs upload files: in parts, and at the same time."""
    parts = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    aws.s3.upload_fileobj(io.BytesIO(b"a" * (2 * PART + 1)), bucket, "file", Config=parts)
    aws.s3.upload_fileobj(io.BytesIO(b"small"), bucket, "small file")


def _form(aws: Aws, bucket: str) -> None:
    post = aws.s3.generate_presigned_post(bucket, "from a form")
    boundary = uuid.uuid4().hex
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in post["fields"].items()
    )
    file = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhello\r\n--{boundary}--\r\n'
    )
    request = urllib.request.Request(  # noqa: S310 - the URL is the endpoint's
        post["url"],
        data=(fields + file).encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        assert answer.status in {200, 204}


def _presigned(aws: Aws, bucket: str) -> None:
    url = aws.s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "presigned"})
    with urllib.request.urlopen(urllib.request.Request(url, data=b"x", method="PUT"), timeout=30):  # noqa: S310
        pass


def _versions(aws: Aws, bucket: str) -> list[str]:
    listed = aws.s3.list_object_versions(Bucket=bucket, Prefix="there")
    return [version["VersionId"] for version in listed.get("Versions", [])]


def _delete_marker(aws: Aws, bucket: str) -> None:
    marker = aws.s3.delete_object(Bucket=bucket, Key="there")["VersionId"]
    aws.s3.delete_object(Bucket=bucket, Key="there", VersionId=marker)


OPERATIONS = [
    Operation(
        "PutObject", lambda aws, b: aws.s3.put_object(Bucket=b, Key="new", Body=b"x"), (("ObjectCreated:Put", "new"),)
    ),
    Operation(
        "PutObject over an object",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="there", Body=b"x"),
        (("ObjectCreated:Put", "there"),),
    ),
    Operation(
        "PutObject of nothing",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="empty"),
        (("ObjectCreated:Put", "empty"),),
    ),
    Operation(
        "PutObject with tags",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="new", Body=b"x", Tagging="colour=red"),
        (("ObjectCreated:Put", "new"),),
    ),
    Operation("a presigned PutObject", _presigned, (("ObjectCreated:Put", "presigned"),)),
    Operation("a form", _form, (("ObjectCreated:Post", "from+a+form"),)),
    Operation(
        "CopyObject",
        lambda aws, b: aws.s3.copy_object(Bucket=b, Key="copy", CopySource=f"{b}/there"),
        (("ObjectCreated:Copy", "copy"),),
    ),
    Operation("a multipart upload", _multipart, (("ObjectCreated:CompleteMultipartUpload", "big"),)),
    Operation(
        "the transfer of a file",
        _upload,
        (("ObjectCreated:CompleteMultipartUpload", "file"), ("ObjectCreated:Put", "small+file")),
    ),
    Operation("a multipart upload, aborted", _aborted),
    Operation("a multipart upload whose end is refused", _incomplete, code="InvalidPart"),
    Operation(
        "DeleteObject", lambda aws, b: aws.s3.delete_object(Bucket=b, Key="there"), (("ObjectRemoved:Delete", "there"),)
    ),
    Operation(
        "DeleteObjects",
        lambda aws, b: aws.s3.delete_objects(Bucket=b, Delete={"Objects": [{"Key": "there"}, {"Key": "too"}]}),
        (("ObjectRemoved:Delete", "there"), ("ObjectRemoved:Delete", "too")),
    ),
    Operation(
        "DeleteObjects, quietly",
        lambda aws, b: aws.s3.delete_objects(Bucket=b, Delete={"Objects": [{"Key": "too"}], "Quiet": True}),
        (("ObjectRemoved:Delete", "too"),),
    ),
    Operation(
        "PutObjectTagging",
        lambda aws, b: aws.s3.put_object_tagging(Bucket=b, Key="there", Tagging=TAGS),
        (("ObjectTagging:Put", "there"),),
    ),
    Operation(
        "DeleteObjectTagging",
        lambda aws, b: aws.s3.delete_object_tagging(Bucket=b, Key="there"),
        (("ObjectTagging:Delete", "there"),),
    ),
    Operation(
        "PutObjectAcl",
        lambda aws, b: publish(aws, b, "there"),
        (("ObjectAcl:Put", "there"),),
    ),
    Operation(
        "reading",
        lambda aws, b: (
            aws.s3.get_object(Bucket=b, Key="there")["Body"].read(),
            aws.s3.head_object(Bucket=b, Key="there"),
            aws.s3.list_objects_v2(Bucket=b),
            aws.s3.get_object_tagging(Bucket=b, Key="there"),
        ),
    ),
    Operation(
        "PutObject on a condition that fails",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="there", Body=b"x", IfNoneMatch="*"),
        code="PreconditionFailed",
    ),
    Operation(
        "PutObject with a wrong digest",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="new", Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg=="),
        code="BadDigest",
    ),
    Operation(
        "PutObject with a wrong checksum",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="new", Body=b"x", ChecksumCRC32="AAAAAA=="),
        code="BadDigest",
    ),
    Operation(
        "PutObject with a key that is too long",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="k" * 1025, Body=b"x"),
        code="KeyTooLongError",
    ),
    Operation(
        "PutObject with too much metadata",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="new", Body=b"x", Metadata={"k": "v" * 2048}),
        code="MetadataTooLarge",
    ),
    Operation(
        "PutObject with an ACL that nobody knows",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="new", Body=b"x", ACL="everybody"),
        code="InvalidArgument",
    ),
    Operation(
        "PutObject with a tag twice",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="new", Body=b"x", Tagging="colour=red&colour=blue"),
        code="InvalidTag",
    ),
    Operation(
        "PutObjectTagging with a tag twice",
        lambda aws, b: aws.s3.put_object_tagging(Bucket=b, Key="there", Tagging={"TagSet": TAGS["TagSet"] * 2}),
        code="InvalidTag",
    ),
    Operation(
        "PutObjectTagging with no tags",
        lambda aws, b: aws.s3.put_object_tagging(Bucket=b, Key="there", Tagging={"TagSet": []}),
        (("ObjectTagging:Put", "there"),),
    ),
    Operation(
        "DeleteObjectTagging of what is not there",
        lambda aws, b: aws.s3.delete_object_tagging(Bucket=b, Key="missing"),
        code="NoSuchKey",
    ),
    Operation(
        "CopyObject on a condition of its source that fails",
        lambda aws, b: _copy(aws, b, CopySourceIfMatch='"another"'),
        code="PreconditionFailed",
    ),
    Operation(
        "CopyObject of what was changed since",
        lambda aws, b: _copy(aws, b, CopySourceIfUnmodifiedSince=datetime(2020, 1, 1, tzinfo=UTC)),
        code="PreconditionFailed",
    ),
    Operation(
        "CopyObject over what may not be there",
        lambda aws, b: _copy(aws, b, "too", IfNoneMatch="*"),
        code="PreconditionFailed",
    ),
    Operation(
        "a multipart upload on a condition that fails",
        lambda aws, b: _completed(aws, b, 1, IfMatch='"another"'),
        code="PreconditionFailed",
    ),
    Operation("a multipart upload in no order", lambda aws, b: _completed(aws, b, 2, 1), code="InvalidPartOrder"),
    Operation("a multipart upload of no parts", _completed, code="MalformedXML"),
    Operation("a multipart upload that was never begun", _never_begun, code="NoSuchUpload"),
    Operation(
        "DeleteObjects of too many",
        lambda aws, b: aws.s3.delete_objects(Bucket=b, Delete={"Objects": [{"Key": f"{n}"} for n in range(1001)]}),
        code="MalformedXML",
    ),
    Operation(
        "CopyObject of what is not there",
        lambda aws, b: aws.s3.copy_object(Bucket=b, Key="copy", CopySource=f"{b}/missing"),
        code="NoSuchKey",
    ),
    Operation(
        "PutObjectTagging of what is not there",
        lambda aws, b: aws.s3.put_object_tagging(Bucket=b, Key="missing", Tagging=TAGS),
        code="NoSuchKey",
    ),
    Operation(
        "PutObject, versioned",
        lambda aws, b: aws.s3.put_object(Bucket=b, Key="there", Body=b"x"),
        (("ObjectCreated:Put", "there"),),
        versioned=True,
    ),
    Operation(
        "DeleteObject, versioned",
        lambda aws, b: aws.s3.delete_object(Bucket=b, Key="there"),
        (("ObjectRemoved:DeleteMarkerCreated", "there"),),
        versioned=True,
    ),
    Operation(
        "DeleteObject of a version",
        lambda aws, b: aws.s3.delete_object(Bucket=b, Key="there", VersionId=_versions(aws, b)[0]),
        (("ObjectRemoved:Delete", "there"),),
        versioned=True,
    ),
    Operation(
        "DeleteObject, and of its delete marker",
        _delete_marker,
        (("ObjectRemoved:DeleteMarkerCreated", "there"), ("ObjectRemoved:Delete", "there")),
        versioned=True,
    ),
    Operation(
        "DeleteObjects, versioned",
        lambda aws, b: aws.s3.delete_objects(
            Bucket=b, Delete={"Objects": [{"Key": "too"}, {"Key": "there", "VersionId": _versions(aws, b)[0]}]}
        ),
        (("ObjectRemoved:DeleteMarkerCreated", "too"), ("ObjectRemoved:Delete", "there")),
        versioned=True,
    ),
    Operation(
        "a multipart upload, versioned",
        _multipart,
        (("ObjectCreated:CompleteMultipartUpload", "big"),),
        versioned=True,
    ),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.what)
def test_s_142_a_bucket_sends_one_event_for_what_was_done(aws: Aws, operation: Operation) -> None:
    bucket = aws.bucket(versioned=operation.versioned)
    for key in ("there", "too"):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"content", Tagging="shape=round")
    codes: list[str] = []
    records = records_of(aws, lambda bucket: codes.append(refusal(lambda: operation.call(aws, bucket))), bucket=bucket)
    assert codes == [operation.code]
    assert sorted(told(records)) == sorted(operation.events)
