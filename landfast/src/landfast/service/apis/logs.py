"""The CloudWatch Logs API (version 2014-03-28), as far as it reads what functions log; the rest is the engine's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias
from zlib import crc32

from landfast.aws_errors import AwsError
from landfast.eventplane.pages import page
from landfast.eventplane.plane import Pending, Result
from landfast.protocols import Call
from landfast.service.logs import LogEvent, LogFiles
from landfast.service.loop import Loop
from landfast.sources.log_filters import UnreadablePatternError, log_filter
from landfast.template import Template

MOST: Final = 10_000
"""Events that one answer holds at most (CloudWatch Logs API, `FilterLogEvents`)."""

_MOST_LISTED: Final = 50

_Params: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogsApi:
    """Answers calls of CloudWatch Logs that read the log groups of functions.

    Attributes:
        template: The functions, and their log groups.
        files: What they have logged.
        loop: Files are read apart from the driver.
    """

    service = "logs"

    template: Template
    files: LogFiles
    loop: Loop

    def takes(self, call: Call) -> bool:
        """Tell whether Landfast answers a call itself: it reads the log group of a function, or lists groups."""
        if call.operation == "DescribeLogGroups":
            return True
        return call.operation in self._operations and bool(self._functions(_group(call.params)))

    def answer(self, call: Call) -> Pending:
        """Do what a call asks for.

        Raises:
            AwsError: It is refused.
        """
        work = self._operations[call.operation]
        try:
            log_filter(call.params.get("filterPattern", ""))  # refused before anything is read
        except UnreadablePatternError as error:
            raise AwsError("InvalidParameterException", f"Invalid filter pattern: {error}") from error
        _check_token(call)
        pending = Pending()
        self.loop.apart(partial(self._read, work, call.params, pending), "the logs are read")
        return pending

    def _read(self, work: Callable[[_Params], Result], params: _Params, pending: Pending) -> None:
        try:
            result = work(params)
        except OSError as error:
            refused = AwsError("ServiceUnavailableException", f"The logs cannot be read: {error.strerror}", status=503)
            self.loop.post(lambda: pending.refuse(refused))
        else:
            self.loop.post(lambda: pending.resolve(result))

    @property
    def _operations(self) -> Mapping[str, Callable[[_Params], Result]]:
        return {
            "DescribeLogGroups": self._groups,
            "DescribeLogStreams": self._streams,
            "FilterLogEvents": self._filtered,
            "GetLogEvents": self._events,
        }

    def _functions(self, group: str) -> list[str]:
        return [function.name for function in self.template.functions.values() if function.log_group == group]

    def _all(self, group: str, params: _Params, streams: Callable[[str], bool]) -> list[LogEvent]:
        """The events of a group between two moments, in the order in which they were written."""
        begin, end = params.get("startTime", 0) / 1000, params.get("endTime", float("inf")) / 1000

        def wanted(time: float, stream: str) -> bool:
            return begin <= time < end and streams(stream)

        found = [event for function in self._functions(group) for event in self.files.events(function, wanted)]
        return sorted(found, key=lambda event: event.time)

    def _groups(self, params: _Params) -> Result:
        groups = dict.fromkeys(function.log_group for function in self.template.functions.values())
        prefix, pattern = params.get("logGroupNamePrefix", ""), params.get("logGroupNamePattern", "")
        named = sorted(name for name in groups if name.startswith(prefix) and pattern.lower() in name.lower())
        shown, following = page(named, params.get("nextToken"), params.get("limit", _MOST_LISTED))
        described = [
            {
                "logGroupName": name,
                "arn": f"{self._arn(name)}:*",
                "logGroupArn": self._arn(name),
                "metricFilterCount": 0,
            }
            for name in shown
        ]
        return {"logGroups": described, "nextToken": following}

    def _streams(self, params: _Params) -> Result:
        group, prefix = _group(params), params.get("logStreamNamePrefix", "")
        times: dict[str, list[int]] = {}
        for event in self._all(group, {}, lambda stream: stream.startswith(prefix)):
            times.setdefault(event.stream, []).append(_milliseconds(event))
        described: list[dict[str, Any]] = [
            {
                "logStreamName": name,
                "arn": f"{self._arn(group)}:log-stream:{name}",
                "creationTime": moments[0],
                "firstEventTimestamp": moments[0],
                "lastEventTimestamp": moments[-1],
                "lastIngestionTime": moments[-1],
            }
            for name, moments in times.items()
        ]
        key = "lastEventTimestamp" if params.get("orderBy") == "LastEventTime" else "logStreamName"
        described.sort(key=lambda stream: stream[key], reverse=params.get("descending", False))
        shown, following = page(described, params.get("nextToken"), params.get("limit", _MOST_LISTED))
        return {"logStreams": shown, "nextToken": following}

    def _filtered(self, params: _Params) -> Result:
        names, prefix = params.get("logStreamNames"), params.get("logStreamNamePrefix", "")
        chosen = log_filter(params.get("filterPattern", ""))
        events = [
            event
            for event in self._all(
                _group(params), params, lambda stream: (not names or stream in names) and stream.startswith(prefix)
            )
            if chosen(event.text)
        ]
        shown, following = page(events, params.get("nextToken"), params.get("limit", MOST))
        told = [{**_told(event), "logStreamName": event.stream, "eventId": _id(event)} for event in shown]
        return {"events": told, "searchedLogStreams": [], "nextToken": following}

    def _events(self, params: _Params) -> Result:
        name = params["logStreamName"]
        events = self._all(_group(params), params, lambda stream: stream == name)
        begin, end = _span(len(events), params)
        return {
            "events": [_told(event) for event in events[begin:end]],
            "nextForwardToken": f"f/{end}",
            "nextBackwardToken": f"b/{begin}",
        }

    def _arn(self, group: str) -> str:
        template = self.template
        return f"arn:{template.partition}:logs:{template.region}:{template.account}:log-group:{group}"


def _group(params: _Params) -> str:
    """The name of a group, which may be given as an ARN."""
    name = str(params.get("logGroupName") or params.get("logGroupIdentifier", ""))
    return name.partition(":log-group:")[2].removesuffix(":*") if name.startswith("arn:") else name


def _span(count: int, params: _Params) -> tuple[int, int]:
    """Which events of a stream an answer holds; without a token the last ones, or the first."""
    limit = params.get("limit", MOST)
    way, _, place = params.get("nextToken", "").partition("/")
    if not way:
        way, place = ("f", "0") if params.get("startFromHead") else ("b", str(count))
    at = min(int(place), count)
    return (at, min(count, at + limit)) if way == "f" else (max(0, at - limit), at)


def _check_token(call: Call) -> None:
    """Refuse a token that is none of ours.

    Raises:
        AwsError: It is none.
    """
    value = call.params.get("nextToken")
    if value is None:
        return
    try:
        if call.operation == "GetLogEvents":
            way, _, place = value.partition("/")
            is_ours = way in {"f", "b"} and int(place) >= 0
        else:
            page([], value, 1)
            is_ours = True
    except ValueError:
        is_ours = False
    if not is_ours:
        raise AwsError("InvalidParameterException", "The specified nextToken is invalid.")


def _milliseconds(event: LogEvent) -> int:
    return int(event.time * 1000)


def _told(event: LogEvent) -> dict[str, Any]:
    at = _milliseconds(event)
    return {"timestamp": at, "ingestionTime": at, "message": f"{event.text}\n"}


def _id(event: LogEvent) -> str:
    """Digits that no other event has, in the order of time, as tools expect them."""
    return f"{int(event.time * 1_000_000):026d}{crc32(event.function.encode()):010d}{event.place:020d}"
