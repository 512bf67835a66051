"""Opens exactly the version of an object that an upload was about."""

import io
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from import_orders.upload import Upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef


class ObjectReplacedError(RuntimeError):
    """The object is no longer the one that was uploaded; what replaced it has a notification of its own."""


def open_version(s3: "S3Client", upload: Upload) -> AbstractContextManager[io.RawIOBase]:
    """Open the object for reading from its start.

    Raises:
        ObjectReplacedError: when its ETag is not the upload's any more.
        botocore.exceptions.ClientError: as S3 answers, for instance for an object that was deleted.
    """
    request: GetObjectRequestTypeDef = {"Bucket": upload.bucket, "Key": upload.key, "IfMatch": f'"{upload.etag}"'}
    if upload.version_id is not None:
        request["VersionId"] = upload.version_id
    try:
        answer = s3.get_object(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] == "PreconditionFailed":
            raise ObjectReplacedError(f"{upload.name} was replaced after this upload") from error
        raise
    return closing(cast("io.RawIOBase", answer["Body"]))
