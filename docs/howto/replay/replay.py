"""Invokes functions again with the events in a queue of failures: python replay.py S3-failure"""

import json
import sys
from pathlib import Path

import boto3

service = json.loads(Path(".landfast/service.json").read_text())
session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=service["region"])
sqs, functions = (session.client(name, endpoint_url=service["endpoint"]) for name in ("sqs", "lambda"))

url = sqs.get_queue_url(QueueName=sys.argv[1])["QueueUrl"]
while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
    for message in messages:
        record = json.loads(message["Body"])
        functions.invoke(
            FunctionName=record["requestContext"]["functionArn"],
            InvocationType="Event",
            Payload=json.dumps(record["requestPayload"]),
        )
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        print("replayed", record["requestContext"]["requestId"])
