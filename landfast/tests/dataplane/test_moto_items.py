"""What moto does otherwise than AWS with items; tests/contract has the calls that clients make."""

import json

from moto.dynamodb.exceptions import TransactionCanceledException

from landfast.dataplane.moto_items import of_statements
from landfast.protocols.partiql_writes import write_of


def test_a_transaction_of_statements_that_inserts_what_is_there_says_so() -> None:
    texts = ("INSERT INTO t VALUE {'id': 'a'}", "INSERT INTO t VALUE {'id': 'b'}", "UPDATE t SET n = 1 WHERE id = 'c'")
    writes = [write for text in texts if (write := write_of(text, [], lambda _: {"id"}))]
    assert len(writes) == len(texts)
    failed = ("ConditionalCheckFailed", "The conditional request failed", None)
    told = json.loads(
        of_statements(TransactionCanceledException([(None, None, None), failed, failed]), writes).description
    )
    assert told["Message"].endswith("[None, DuplicateItem, ConditionalCheckFailed]")
    assert told["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"},
        {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
    ]
