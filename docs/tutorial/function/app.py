def handler(event, context):
    names = [record["s3"]["object"]["key"] for record in event["Records"]]
    return {"statusCode": 200, "body": f"Hello, {', '.join(names)}!"}
