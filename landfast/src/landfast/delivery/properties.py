"""Reading the properties of a CloudFormation resource: types, ranges, and nothing left over."""

from collections.abc import Mapping

from landfast.delivery.destinations import stream_destination
from landfast.delivery.errors import Refused
from landfast.delivery.settings import Settings

_HARMLESS = ("KmsKeyArn", "LoggingConfig", "MetricsConfig", "Tags")
_REPORT = "ReportBatchItemFailures"


class Properties:
    """The properties of an event source mapping; each is taken once, and `finish` refuses what nobody took."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = {name: value for name, value in given.items() if value is not None}
        self._taken = set(_HARMLESS)

    def take(self, name: str) -> object:
        """The property as it was given, or None."""
        self._taken.add(name)
        return self._given.get(name)

    def refuse(self, name: str, message: str) -> None:
        """Refuse the property if it was given at all."""
        if self.take(name) is not None:
            raise Refused(name, message)

    def text(self, name: str) -> str | None:
        """A string, or None."""
        value = self.take(name)
        if value is None or isinstance(value, str):
            return value
        raise Refused(name, f"{value!r} is not a string.")

    def number(self, name: str) -> float | None:
        """A number, or None; CloudFormation also accepts its text."""
        value = self.take(name)
        if isinstance(value, str):
            value = _number(value)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise Refused(name, f"{self._given[name]!r} is not a number.")

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """A whole number from `low` to `high`; CloudFormation also accepts its text."""
        value = self.number(name)
        if value is None:
            return default
        if value != int(value):
            raise Refused(name, f"{value} is not a whole number.")
        if not low <= value <= high:
            raise Refused(name, f"{int(value)} is not allowed: {low} to {high}.")
        return int(value)

    def boolean(self, name: str, *, default: bool) -> bool:
        """A truth value; CloudFormation also accepts its text."""
        value = self.take(name)
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if value is None or isinstance(value, bool):
            return default if value is None else value
        raise Refused(name, f"{value!r} is not true or false.")

    def mapping(self, name: str) -> Mapping[str, object] | None:
        """An object, or None."""
        value = self.take(name)
        if value is None or isinstance(value, Mapping):
            return value
        raise Refused(name, f"{value!r} is not an object.")

    def response_types(self) -> bool:
        """Tell whether ``FunctionResponseTypes`` asks for partial batch responses."""
        value = self.take("FunctionResponseTypes")
        if value is None:
            return False
        if not isinstance(value, list) or any(item != _REPORT for item in value) or len(value) > 1:
            raise Refused("FunctionResponseTypes", f"{value!r} is not [{_REPORT}].", code="ValidationException")
        return bool(value)

    def on_failure(self, settings: Settings) -> str | None:
        """The ARN of ``DestinationConfig.OnFailure``; anything beside it is refused (S-68)."""
        config = self.mapping("DestinationConfig") or {}
        if "OnSuccess" in config:
            raise Refused(
                "DestinationConfig.OnSuccess",
                "Unsupported DestinationConfig parameter for given event source mapping type.",
            )
        for name in config.keys() - {"OnFailure"}:
            raise Refused(f"DestinationConfig.{name}", "no such property.")
        if config.get("OnFailure") is None:
            return None
        on_failure = config["OnFailure"]
        if not isinstance(on_failure, Mapping):
            raise Refused("DestinationConfig.OnFailure", f"{on_failure!r} is not an object.")
        for name in on_failure.keys() - {"Destination", "Type"}:
            raise Refused(f"DestinationConfig.OnFailure.{name}", "no such property.")
        target = on_failure.get("Destination") or ""
        if not isinstance(target, str):
            raise Refused("DestinationConfig.OnFailure.Destination", f"{target!r} is not an ARN.")
        return stream_destination(target, settings=settings).arn

    def finish(self) -> None:
        """Refuse the first property that nobody took."""
        for name in sorted(self._given.keys() - self._taken):
            raise Refused(name, "no such property of AWS::Lambda::EventSourceMapping.")


def _number(text: str) -> float | str:
    try:
        return int(text)
    except ValueError:
        return text
