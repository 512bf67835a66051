import json
import os

import boto3

s3 = boto3.client("s3")
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        for number, line in enumerate(content.splitlines(), start=1):
            try:
                table.put_item(Item=json.loads(line))
            except ValueError as error:
                raise ValueError(f"{key}, line {number}: {error}") from None
