import os
import threading

import pytest

from landfast.dataplane.clients import Clients


def test_the_users_own_profile_credentials_and_proxy_play_no_part(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "of-somebody-else")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFSOMEBODYELSE0")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    own = Clients(clients.endpoint, clients.region)
    try:
        assert own.sqs.create_queue(QueueName="own")["QueueUrl"].endswith("/123456789012/own")
    finally:
        own.close()


def test_all_threads_share_one_client_a_service() -> None:
    clients = Clients("http://127.0.0.1:9", "us-east-1")
    threads = [threading.Thread(target=lambda: clients.sqs) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clients.sqs is clients.sqs
    clients.close()
