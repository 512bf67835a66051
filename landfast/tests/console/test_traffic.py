"""What has gone over the edges of the map."""

from collections import Counter

from landfast.console.index import Source
from landfast.console.traffic import Flow, Load, traffic

MAPPINGS = {"WorkerQueue": ("Jobs", "Worker"), "WorkerStream": ("Clicks", "Worker")}
SENDERS = {"Import": ["Uploads"], "Notify": ["Topic", "Worker"]}
NAMES = {"arn:aws:sqs:us-east-1:000000000000:stack-failed": "Failed"}


def source(function: str, deliveries: dict[str, int] | None = None, **states: int) -> Source:
    counted = Counter(states)
    return Source(function, 5, 2, 0, counted, Counter(deliveries or {}))


def test_events_of_a_mapping_come_from_what_it_reads() -> None:
    told = traffic({"WorkerQueue": source("Worker", processed=3, pending=1)}, MAPPINGS, SENDERS, NAMES)
    assert told.flows == [Flow("Jobs", "Worker", 4)]


def test_the_load_of_a_function_is_that_of_all_its_sources() -> None:
    sources = {
        "WorkerQueue": source("Worker", pending=1, running=2),
        "WorkerStream": source("Worker", pending=4, processed=9),
    }
    assert traffic(sources, MAPPINGS, SENDERS, NAMES).loads == {
        "Worker": Load(pending=5, running=2, invocations=10, failures=4)
    }


def test_asynchronous_events_come_from_the_only_sender_and_of_several_nobody_knows_which() -> None:
    sources = {"Import": source("Import", processed=2), "Notify:live": source("", processed=7)}
    told = traffic(sources, MAPPINGS, SENDERS, NAMES)
    assert told.flows == [Flow("Uploads", "Import", 2)]
    assert set(told.loads) == {"Import", "Notify"}


def test_what_was_sent_on_has_gone_to_whom_the_arn_names() -> None:
    sent = {"arn:aws:sqs:us-east-1:000000000000:stack-failed": 2, "arn:aws:s3:::elsewhere": 1}
    told = traffic({"WorkerStream": source("Worker", sent, to_destination=3)}, MAPPINGS, SENDERS, NAMES)
    assert told.flows[1:] == [Flow("Worker", "Failed", 2), Flow("Worker", "arn:aws:s3:::elsewhere", 1)]
