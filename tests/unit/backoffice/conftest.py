"""No network, an environment as Lambda gives it, and what stands in for AWS."""

import os
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from moto import mock_aws
from pytest_socket import disable_socket, enable_socket

from tests.unit.backoffice.aws import Context, OneAtATime

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

os.environ.update(
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",  # noqa: S106 - moto's, not a secret
    POWERTOOLS_SERVICE_NAME="tests",
    POWERTOOLS_METRICS_NAMESPACE="tests",
)


CLIENT = cache(boto3.client)
"""To make one takes longer than a test's calls; moto forgets everything in between."""


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket()
    yield
    enable_socket()


@pytest.fixture
def context() -> "LambdaContext":
    return cast("LambdaContext", Context())


@pytest.fixture
def dynamodb() -> Iterator[OneAtATime]:
    """DynamoDB with the tables ``markers`` (id), ``accounts`` (account) and ``history`` (parcel, at)."""
    with mock_aws():
        client = CLIENT("dynamodb")
        for table, *keys in (("markers", "id"), ("accounts", "account"), ("history", "parcel", "at")):
            client.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": name, "KeyType": kind}
                    for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            )
        yield OneAtATime(client)
