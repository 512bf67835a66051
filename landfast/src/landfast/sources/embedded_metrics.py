"""Metrics in what functions log (CloudWatch User Guide, "Specification: Embedded metric format")."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from landfast.delivery.pattern_tests import is_number
from landfast.delivery.strict_json import NotJsonError, read_json
from landfast.sources.metrics import Metric

_LARGEST: Final = 2.0**360
"""The limit of a value (CloudWatch API, `PutMetricData`)."""


class _Named(msgspec.Struct, rename="pascal", frozen=True):
    name: str


class _Directive(msgspec.Struct, rename="pascal", frozen=True):
    namespace: str
    dimensions: list[list[str]] | None = None
    metrics: list[_Named] | None = None


class _Metadata(msgspec.Struct, rename="pascal", frozen=True):
    cloud_watch_metrics: list[_Directive]


def embedded_metrics(text: str) -> Iterator[tuple[Metric, float]]:
    """The metrics of a line of a log, with their values; nothing of a line that is not in the format."""
    _, brace, rest = text.partition("{")
    if '"_aws"' not in rest:
        return
    try:
        line = read_json(brace + rest)
        metadata = msgspec.convert(line.get("_aws"), _Metadata)
    except (NotJsonError, msgspec.ValidationError):
        return
    for directive in metadata.cloud_watch_metrics:
        for names in directive.dimensions or [[]]:
            dimensions = tuple(sorted((name, str(line.get(name, ""))) for name in names))
            for metric in directive.metrics or []:
                for value in _values(line, metric.name):
                    yield Metric(directive.namespace, metric.name, dimensions), value


def _values(line: Mapping[str, Any], name: str) -> Iterator[float]:
    values = line.get(name)
    for value in values if isinstance(values, list) else [values]:
        if is_number(value) and abs(value) <= _LARGEST:
            yield float(value)
