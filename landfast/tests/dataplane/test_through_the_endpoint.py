"""AWS's own SDK through the endpoint, for each engine: what is sent is what comes back, streams included."""

import io
import itertools
import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from boto3 import Session
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from landfast.dataplane.engine import Engine
from landfast.protocols import Request, Response
from landfast.service.endpoint import is_invocation
from landfast.service.proxy import Proxy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

MEGABYTE = 1024 * 1024
names = itertools.count()


@pytest.fixture(scope="module")
def proxy(engine: Engine) -> Iterator[Proxy]:
    def answer(request: Request) -> Response:
        return Response(200, (request.content or b"")[::-1], {"X-Amz-Executed-Version": "$LATEST"})

    made = Proxy(engine.url, ours=is_invocation, answer=answer, limit=6 * MEGABYTE, key=engine.key)
    with made:
        yield made


def client(proxy: Proxy, service: str, **options: Any) -> Any:
    session: Any = Session("test", "test", region_name="us-east-1")
    return session.client(service, endpoint_url=proxy.url, config=Config(**options))


@pytest.fixture(scope="module")
def s3(proxy: Proxy) -> Iterator["S3Client"]:
    made: S3Client = client(proxy, "s3")
    yield made
    made.close()


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    name = f"through-the-endpoint-{next(names)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.mark.parametrize("size", [0, 1, 100_000, 3 * MEGABYTE])
def test_an_object_comes_back_as_it_was_put(s3: "S3Client", bucket: str, size: int) -> None:
    content = os.urandom(size)
    key = "a key/with ü+%?&#.bin"
    s3.put_object(Bucket=bucket, Key=key, Body=content, Metadata={"note": "kept"}, ContentType="text/html")
    found = s3.get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == content
    assert (found["Metadata"], found["ContentType"]) == ({"note": "kept"}, "text/html")
    head = s3.head_object(Bucket=bucket, Key=key)
    assert head["ContentLength"] == size
    if size:
        part = s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")
        assert part["Body"].read() == content[:1]
    s3.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError) as error:
        s3.head_object(Bucket=bucket, Key=key)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
def test_a_stream_with_a_checksum_behind_it_comes_back(s3: "S3Client", bucket: str, algorithm: Any) -> None:
    content = os.urandom(2 * MEGABYTE)
    s3.put_object(Bucket=bucket, Key="k", Body=io.BytesIO(content), ChecksumAlgorithm=algorithm)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == content


def test_an_upload_in_parts_comes_back(s3: "S3Client", bucket: str) -> None:
    content = os.urandom(13 * MEGABYTE)
    parts = TransferConfig(multipart_threshold=5 * MEGABYTE, multipart_chunksize=5 * MEGABYTE, max_concurrency=3)
    s3.upload_fileobj(io.BytesIO(content), bucket, "k", Config=parts)
    into = io.BytesIO()
    s3.download_fileobj(bucket, "k", into, Config=parts)
    assert into.getvalue() == content


def test_an_upload_in_chunks_comes_back(proxy: Proxy, s3: "S3Client", bucket: str) -> None:
    """As SDKs send streams whose length they do not know."""
    pieces = [os.urandom(100_000) for _ in range(5)]
    address = urlsplit(proxy.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as plain:
        plain.sendall(f"PUT /{bucket}/k HTTP/1.1\r\nHost: {address.netloc}\r\n".encode())
        plain.sendall(b"Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, ")
        plain.sendall(b"SignedHeaders=host, Signature=a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert plain.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        for piece in pieces:
            plain.sendall(b"%x\r\n" % len(piece) + piece + b"\r\n")
        plain.sendall(b"0\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"".join(pieces)


def test_items_messages_and_calls_pass(proxy: Proxy) -> None:
    dynamodb: DynamoDBClient = client(proxy, "dynamodb")
    sqs: SQSClient = client(proxy, "sqs")
    functions: LambdaClient = client(proxy, "lambda")
    name = f"through-{next(names)}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "ü"}, "b": {"B": b"\x00\xff"}})
    assert dynamodb.get_item(TableName=name, Key={"pk": {"S": "ü"}})["Item"]["b"]["B"] == b"\x00\xff"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="grüße")
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)["Messages"]
    assert message["Body"] == "grüße"
    with pytest.raises(ClientError) as error:
        sqs.get_queue_url(QueueName="there-is-none")
    assert "NonExistentQueue" in error.value.response["Error"]["Code"] or "QueueDoesNotExist" in str(error.value)
    assert functions.invoke(FunctionName="f", Payload=b"[12]")["Payload"].read() == b"]21["
    for made in (dynamodb, sqs, functions):
        made.close()


def test_the_engines_own_functions_are_not_reached_through_the_endpoint(proxy: Proxy) -> None:
    cloudformation: Any = client(proxy, "cloudformation")
    with pytest.raises(ClientError, match="CreateStack of cloudformation is not available"):
        cloudformation.create_stack(StackName="s", TemplateBody="{}")
    cloudformation.close()
