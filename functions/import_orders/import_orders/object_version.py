"""Opens exactly the version of an object that an upload was about."""

import io
from datetime import datetime
from typing import TYPE_CHECKING, Self, cast

from botocore.exceptions import ClientError

from backoffice.errors import ShopError
from import_orders.upload import Upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef


class ObjectReplacedError(ShopError, RuntimeError):
    """The object is no longer the one that was uploaded; what replaced it has a notification of its own."""


class OpenObject:
    """An object that is being read; a context manager that closes it."""

    def __init__(self, body: io.RawIOBase, last_modified: datetime) -> None:
        """Keep the bytes as S3 streams them, and when S3 says the object was last modified, in whole seconds."""
        self.body = body
        self.last_modified = last_modified

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.body.close()


def open_version(s3: "S3Client", upload: Upload) -> OpenObject:
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
    return OpenObject(cast("io.RawIOBase", answer["Body"]), answer["LastModified"])
