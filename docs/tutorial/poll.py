"""Polls a queue and prints the body of each message, which stays there: python poll.py S3-success"""

import json
import sys
from pathlib import Path

import boto3

service = json.loads(Path(".landfast/service.json").read_text())
sqs = boto3.client(
    "sqs",
    endpoint_url=service["endpoint"],
    region_name=service["region"],
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
url = sqs.get_queue_url(QueueName=sys.argv[1])["QueueUrl"]
for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", []):
    print(json.dumps(json.loads(message["Body"]), indent=2))
