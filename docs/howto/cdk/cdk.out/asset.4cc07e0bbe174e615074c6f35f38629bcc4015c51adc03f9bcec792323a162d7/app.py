import json
import os


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            job = json.loads(record["body"])
            print(f"{os.environ['GREETING']}, {job['name']}!")
        except (KeyError, json.JSONDecodeError):
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
