"""What moto does otherwise than AWS with items, mended in moto's own process.

moto fails at an ``UpdateItem`` that names nothing to change, leaves a part of one that fails, and does a transaction
again whose token it has seen. Of PartiQL it takes an ``INSERT`` of what is there, an ``UPDATE`` of what is not, a
``DELETE`` that names no item, and some values for others than they are: a statement that writes is carried out as the
other call that it means, or not at all.
"""

import json
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.dynamodb import urls
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    DynamodbException,
    MockValidationException,
    TransactionCanceledException,
)
from moto.dynamodb.responses import DynamoHandler

from landfast.dataplane.moto_transactions import all_or_nothing
from landfast.protocols.partiql_writes import UnreadableError, Write, write_of

_TOKEN_WINDOW: Final = 600.0
"""Seconds for which a transaction's token is known (DynamoDB API Reference, TransactWriteItems)."""

_BATCH_CODES: Final = {"Validation": "ValidationError"}
"""Those of ``BatchStatementError`` that are not named as the exceptions are."""

_DUPLICATE: Final = "Duplicate primary key exists in table"


def mend() -> None:
    """Let moto answer by what is mended; before its application is made."""
    urls.url_paths["{0}/"] = Items.dispatch


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


def _token(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("ClientRequestToken",) if name in body}
