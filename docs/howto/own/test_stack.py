import json
from pathlib import Path

import boto3

from landfast.testing import Options, Service, peek


def test_a_job_without_a_name_is_kept(tmp_path: Path) -> None:
    options = Options(template=Path("template.yaml"), state=tmp_path / "state", skip_waits=True)
    with Service.start(options) as service:
        sqs = boto3.client(
            "sqs",
            endpoint_url=service.endpoint,
            region_name=service.running.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        sqs.send_message(QueueUrl=service.running.resource("queue", "Jobs").url, MessageBody='{"title": "nameless"}')
        service.settle()
        [kept] = peek(service.endpoint, service.running.resource("queue", "JobsFailed").name, 10)
        assert json.loads(kept.raw["Body"]) == {"title": "nameless"}
