"""What moto does otherwise than AWS with items and objects, mended in moto's own process.

moto fails at an ``UpdateItem`` that names nothing to change, does a transaction again whose token it has seen, and
stores a body that is not the one whose digest or checksum was sent with it. It fails at the end of an upload, and at
the loss of an object's tags, where there is no such upload or object, and at tags that are none. Of PartiQL it takes an
``INSERT`` of what is there, an ``UPDATE`` of what is not, and some values for others than they are: such a statement is
carried out as the other call that it means. Numbers it keeps as they were written, and of the updates that are no
expressions it takes values for texts.
"""

import base64
import hashlib
import io
import json
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Context, Decimal
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from xml.etree import ElementTree as ET

from moto.core.responses import ActionResult
from moto.dynamodb import urls
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    DynamodbException,
    MockValidationException,
    TransactionCanceledException,
)
from moto.dynamodb.models.dynamo_type import DDBType, DynamoType, Item
from moto.dynamodb.responses import DynamoHandler
from moto.s3.exceptions import MissingKey, NoSuchUpload
from moto.s3.models import FakeKey, S3Backend
from moto.s3.responses import S3Response

from landfast import aws_errors
from landfast.aws_errors import Operation
from landfast.dataplane import moto_conditions
from landfast.dataplane.moto_transactions import all_or_nothing
from landfast.protocols.partiql_writes import UnreadableError, Write, write_of
from landfast.sources.table_numbers import number

_TOKEN_WINDOW: Final = 600.0
"""Seconds for which a transaction's token is known (DynamoDB API Reference, TransactWriteItems)."""

_NUMBERS: Final = Context(prec=38)
"""DynamoDB's numbers have up to 38 digits (Developer Guide, "Data types")."""

_INVALID: Final = "One or more parameter values were invalid:"
_BATCH_CODES: Final = {"Validation": "ValidationError"}
"""Those of ``BatchStatementError`` that are not named as the exceptions are."""

_DUPLICATE: Final = "Duplicate primary key exists in table"

_DIGEST: Final = "HTTP_CONTENT_MD5"
_MD5: Final = 16
"""Bytes of a digest."""

_CHECKSUMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "CRC32": lambda body: zlib.crc32(body).to_bytes(4),
    "SHA1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "SHA256": lambda body: hashlib.sha256(body).digest(),
}
"""Those of S3's checksums that Python computes; CRC32C and CRC64NVME are taken for what they say."""

_IN_CHUNKS: Final = "HTTP_X_AMZ_DECODED_CONTENT_LENGTH"


class IdempotentParameterMismatchError(DynamodbException):
    """A token came again with another transaction."""

    def __init__(self) -> None:
        super().__init__(
            "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
            "Request parameters do not match the parameters of an earlier request with the same client token.",
        )


class DuplicateItemError(DynamodbException):
    """A statement inserts what is there."""

    def __init__(self) -> None:
        super().__init__("com.amazonaws.dynamodb.v20120810#DuplicateItemException", _DUPLICATE)


class Items(DynamoHandler):
    """moto's API of DynamoDB, mended."""

    def update_item(self) -> ActionResult:
        """Change an item, or make it if nothing of it is named but its key; a change that fails leaves it as it was."""
        if "UpdateExpression" not in self.body:
            self.body.setdefault("AttributeUpdates", {})
        with all_or_nothing(self.dynamodb_backend, [{"Update": self.body}]):
            return super().update_item()

    def transact_write_items(self) -> ActionResult:
        """Do a transaction, once for each token."""
        token = self.body.get("ClientRequestToken")
        if token is None:
            return self._transact()
        # Beside the tables, so that it is remembered and forgotten as they are.
        seen: dict[str, tuple[str, float]] = vars(self.dynamodb_backend).setdefault("landfast_tokens", {})
        asked, now = json.dumps(self.body["TransactItems"], sort_keys=True, default=repr), time.monotonic()
        for old in [each for each, (_, done) in seen.items() if done < now - _TOKEN_WINDOW]:
            del seen[old]
        if token in seen:
            if seen[token][0] != asked:
                raise IdempotentParameterMismatchError
            return ActionResult({"ConsumedCapacity": [], "ItemCollectionMetrics": {}})
        result = self._transact()
        seen[token] = asked, now
        return result

    def execute_statement(self) -> ActionResult:
        """Carry out a statement."""
        items = self._written(self.body)
        return super().execute_statement() if items is None else ActionResult({"Items": items})

    def batch_execute_statement(self) -> ActionResult:
        """Carry out statements, each by itself."""
        return ActionResult({"Responses": [self._one_of_batch(each) for each in self.body["Statements"]]})

    def execute_transaction(self) -> ActionResult:
        """Carry out statements, all of them or none."""
        statements = self.body["TransactStatements"]
        writes = [*filter(None, map(self._write, statements))]
        if any(write.returns != "NONE" for write in writes):
            raise MockValidationException("RETURNING clause is not supported in ExecuteTransaction.")
        if len(writes) < len(statements):
            return super().execute_transaction()
        self.body = {"TransactItems": [{write.kind: dict(write.call)} for write in writes], **_token(self.body)}
        try:
            self.transact_write_items()
        except TransactionCanceledException as error:
            raise of_statements(error, writes) from None
        return ActionResult({"Responses": [{} for _ in writes]})

    def _transact(self) -> ActionResult:
        with all_or_nothing(self.dynamodb_backend, self.body["TransactItems"]):
            return super().transact_write_items()

    def _one_of_batch(self, statement: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        try:
            write = self._write(statement)
            if write is None:
                whole: list[dict[str, Any]] = self.dynamodb_backend.batch_execute_statement([dict(statement)])
                return whole[0]
            told = {"TableName": write.call["TableName"]}
            items = self._written(statement)
        except DynamodbException as error:
            code = error.error_type.rpartition("#")[2].removesuffix("Exception")
            return {**told, "Error": {"Code": _BATCH_CODES.get(code, code), "Message": error.message}}
        return {**told, "Item": items[0]} if items else told

    def _written(self, statement: Mapping[str, Any]) -> list[Any] | None:
        """The items that a statement returns, once it has written; None if it does not write one item."""
        write = self._write(statement)
        if write is None:
            return None
        self.body = {**write.call, "ReturnValues": write.returns}
        try:
            match write.kind:
                case "Put":
                    result = self.put_item()
                case "Update":
                    result = self.update_item()
                case "Delete":
                    result = self.delete_item()
        except ConditionalCheckFailed:
            if write.kind == "Put":
                raise DuplicateItemError from None
            raise
        attributes = result.result.get("Attributes") if isinstance(result.result, dict) else None
        return [attributes] if attributes else []

    def _write(self, statement: Mapping[str, Any]) -> Write | None:
        try:
            return write_of(statement["Statement"], statement.get("Parameters", []), self._keys)
        except UnreadableError as error:  # moto would carry out what it can read of it
            raise MockValidationException(str(error)) from None

    def _keys(self, table: str) -> Collection[str] | None:
        found = self.dynamodb_backend.tables.get(table)
        return None if found is None else found.attribute_keys


class Digests:
    """Refuses bodies that are not those whose digests or checksums were sent with them.

    Source: S3 API Reference, PutObject and UploadPart; S3 User Guide, "Checking object integrity".

    Args:
        application: The application that answers the requests.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        digest, checksums = environ.get(_DIGEST), _checksums(environ)
        if digest is None and not checksums:
            return self._application(environ, start_response)
        length = environ.get("CONTENT_LENGTH", "")
        body = environ["wsgi.input"].read(*([int(length)] if length else []))
        environ["wsgi.input"] = io.BytesIO(body)
        refusal = (digest is not None and _refusal(digest, body)) or _mismatch(checksums, body)
        if refusal is None:
            return self._application(environ, start_response)
        answer = aws_errors.answer(Operation("rest-xml", environ["REQUEST_METHOD"], "s3"), 400, *refusal)
        start_response("400 Bad Request", [*answer.headers.items(), ("Content-Length", str(len(answer.content)))])
        return [answer.content]


class Objects(S3Backend):
    """moto's buckets, mended: the methods take the places of moto's."""

    def complete_multipart_upload(
        self, bucket_name: str, multipart_id: str, body: Iterable[tuple[int, str]]
    ) -> FakeKey | None:
        """Make an object of the parts of an upload, if it was begun and has not ended."""
        if multipart_id not in self.get_bucket(bucket_name).multiparts:
            raise NoSuchUpload(multipart_id)
        return _complete(self, bucket_name, multipart_id, iter(body))

    def delete_object_tagging(self, bucket_name: str, key_name: str, version_id: str | None = None) -> None:
        """Take the tags of an object away, if it is there."""
        if self.get_object(bucket_name, key_name, version_id=version_id) is None:
            raise MissingKey(key=key_name)
        _untag(self, bucket_name, key_name, version_id)


class Requests(S3Response):
    """moto's API of S3, mended: the method takes the place of moto's."""

    def put_object_tagging(self) -> Any:  # noqa: ANN401 - the signature is moto's
        """Set the tags of an object; none at all take away those that it has."""
        names = (each.tag.rpartition("}")[2] for each in ET.fromstring(self.body).iter())  # noqa: S314 - a client's
        if "Tag" in names:
            return _tag(self)
        _, headers, content = self.delete_object_tagging()
        return 200, headers, content


class Attributes(Item):
    """moto's item, mended: the method takes the place of moto's."""

    def update_with_attribute_updates(self, attribute_updates: dict[str, Any]) -> None:
        """Change an item as was usual before expressions (DynamoDB API Reference, "Legacy conditional parameters")."""
        for name, update in attribute_updates.items():
            action, value = update.get("Action", "PUT"), update.get("Value")
            if action == "PUT":
                self.attrs[name] = DynamoType(value)
            elif value is None or (new := _combined(action, self.attrs.get(name), DynamoType(value))) is None:
                self.attrs.pop(name, None)
            else:
                self.attrs[name] = new


def _combined(action: str, old: DynamoType | None, given: DynamoType) -> DynamoType | None:
    """The attribute after something was added to it or taken from it; None if nothing is left of it."""
    if not given.is_set() and (action == "DELETE" or not given.is_number()):
        raise MockValidationException(f"{_INVALID} Action {action} is not supported for the type {given.type}")
    if old is None:
        return given if action == "ADD" else None
    if old.type != given.type:
        raise MockValidationException(f"{_INVALID} Type mismatch for attribute to update")
    if given.is_number():
        return DynamoType({"N": str(_NUMBERS.add(Decimal(old.value), Decimal(given.value)))})
    changed = set(old.value) | set(given.value) if action == "ADD" else set(old.value) - set(given.value)
    return DynamoType({old.type: sorted(changed)}) if changed else None


class Value(DynamoType):
    """moto's value of an attribute, mended: the method takes the place of moto's."""

    def __init__(self, type_as_dict: DynamoType | dict[str, Any]) -> None:
        _make(self, type_as_dict)
        if self.type == DDBType.NUMBER and isinstance(self.value, str):
            self.value = number(self.value)
        elif self.type == DDBType.NUMBER_SET:
            self.value = [*map(number, self.value)]


_make = DynamoType.__init__
_tag = S3Response.put_object_tagging
_complete, _untag = S3Backend.complete_multipart_upload, S3Backend.delete_object_tagging


def of_statements(error: TransactionCanceledException, writes: Iterable[Write]) -> TransactionCanceledException:
    """The cancellation with the reason that statements have where an ``INSERT`` finds its key taken.

    Source: GitHub amzn/smoke-dynamodb, pull request 91; the message is that of ``DuplicateItemException``.
    """
    reasons = []
    for reason, write in zip(json.loads(error.description)["CancellationReasons"], writes, strict=True):
        code = None if reason["Code"] == "None" else reason["Code"]
        is_taken = write.kind == "Put" and code == "ConditionalCheckFailed"
        reasons.append(
            ("DuplicateItem", _DUPLICATE, None) if is_taken else (code, reason.get("Message"), reason.get("Item"))
        )
    return TransactionCanceledException(reasons)


def mend() -> None:
    """Let moto answer by what is mended; before its application is made."""
    moto_conditions.mend()
    urls.url_paths["{0}/"] = Items.dispatch
    DynamoType.__init__ = Value.__init__  # type: ignore[method-assign, assignment]
    Item.update_with_attribute_updates = Attributes.update_with_attribute_updates  # type: ignore[method-assign, assignment]
    S3Response.put_object_tagging = Requests.put_object_tagging  # type: ignore[method-assign, assignment]
    S3Backend.complete_multipart_upload = Objects.complete_multipart_upload  # type: ignore[method-assign, assignment]
    S3Backend.delete_object_tagging = Objects.delete_object_tagging  # type: ignore[method-assign, assignment]


def _token(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("ClientRequestToken",) if name in body}


def _refusal(digest: str, body: bytes) -> tuple[str, str] | None:
    """The error's code and message; None for the right digest."""
    wanted = _decoded(digest)
    if len(wanted) != _MD5:
        return "InvalidDigest", "The Content-MD5 you specified was invalid."
    if hashlib.md5(body, usedforsecurity=False).digest() != wanted:
        return "BadDigest", "The Content-MD5 you specified did not match what we received."
    return None


def _decoded(digest: str) -> bytes:
    """The bytes that a digest has in Base64; none if it is no Base64."""
    try:
        return base64.b64decode(digest, validate=True)
    except ValueError:
        return b""


def _checksums(environ: WSGIEnvironment) -> Mapping[str, str]:
    """The checksums of a request's own body, by algorithm: what completes an upload has that of the whole object."""
    if environ["REQUEST_METHOD"] != "PUT" or _IN_CHUNKS in environ:
        return {}
    named = {algorithm: environ.get(f"HTTP_X_AMZ_CHECKSUM_{algorithm}") for algorithm in _CHECKSUMS}
    return {algorithm: checksum for algorithm, checksum in named.items() if checksum is not None}


def _mismatch(checksums: Mapping[str, str], body: bytes) -> tuple[str, str] | None:
    """The error's code and message; None if all are right."""
    for algorithm, checksum in checksums.items():
        computed = _CHECKSUMS[algorithm](body)
        if len(_decoded(checksum)) != len(computed):
            return "InvalidRequest", f"Value for x-amz-checksum-{algorithm.lower()} header is invalid."
        if _decoded(checksum) != computed:
            return "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
    return None
