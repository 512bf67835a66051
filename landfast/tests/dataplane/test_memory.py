"""What an engine remembered, it puts back, and nothing else is left."""

import http.client
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from landfast.dataplane import engine as engines
from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import HOST, EngineName
from landfast.dataplane.guard import REMEMBER, RESET
from tests.engines import each, skip_without


def make(clients: Clients, name: str) -> None:
    """Make a bucket and a table."""
    clients.s3.create_bucket(Bucket=name)
    clients.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    clients.dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def fill(clients: Clients, name: str) -> tuple[int, int]:
    """Put an object twice and an item; how many versions and items there are then."""
    for body in (b"1", b"2"):
        clients.s3.put_object(Bucket=name, Key="key", Body=body)
    clients.dynamodb.put_item(TableName=name, Item={"id": {"S": "1"}})
    return held(clients, name)


def held(clients: Clients, name: str) -> tuple[int, int]:
    versions = clients.s3.list_object_versions(Bucket=name).get("Versions", [])
    return len(versions), clients.dynamodb.scan(TableName=name)["Count"]


@pytest.mark.parametrize("name", each("memory"))
def test_an_engine_is_as_it_was_when_it_remembered(name: EngineName, tmp_path: Path) -> None:
    skip_without(name)
    with engines.start(tmp_path, name, stack="shop") as engine:
        clients = Clients(engine.url, "us-east-1")
        make(clients, "declared")
        engine.remember()
        for _ in range(2):
            make(clients, "of-a-test")
            assert fill(clients, "of-a-test") == fill(clients, "declared") == (2, 1)
            clients.s3.put_bucket_versioning(Bucket="declared", VersioningConfiguration={"Status": "Suspended"})
            engine.reset()
            assert held(clients, "declared") == (0, 0)
            assert clients.s3.get_bucket_versioning(Bucket="declared")["Status"] == "Enabled"
            with pytest.raises(ClientError, match="404"):
                clients.s3.head_bucket(Bucket="of-a-test")
            assert clients.dynamodb.list_tables()["TableNames"] == ["declared"]
        clients.close()
        for path in (REMEMBER, RESET):
            connection = http.client.HTTPConnection(HOST, engine.state.port)
            connection.request("GET", path)
            assert connection.getresponse().status == 403
            connection.close()
