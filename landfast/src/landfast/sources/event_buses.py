"""Buses, rules and targets, kept row by row.

Source: EventBridge API, `CreateEventBus`, `PutRule`, `PutTargets`. The texts of refusals as recorded by LocalStack
(``tests/aws/services/events/test_events.snapshot.json``).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from landfast.delivery.patterns import Matcher
from landfast.sources.event_inputs import Input, Transformer, input_of
from landfast.sources.event_patterns import event_pattern
from landfast.sources.refusal import Refusal
from landfast.sources.rows import Keep
from landfast.sources.schedule_expressions import InvalidExpressionError
from landfast.sources.schedule_expressions import schedule as schedule_of

DEFAULT: Final = "default"
"""The bus that every account has, and the one that AWS's services send to."""

BUS: Final = "bus "
RULE: Final = "rule "
"""The beginning of the keys of rows."""

MOST_TARGETS: Final = 5
"""Targets of a rule."""

State = Literal["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"]


class Bus(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An event bus.

    Attributes:
        name: The bus's name.
        arn: The bus's ARN.
        created: When it was made, in Unix seconds.
        changed: When it was changed last.
        description: For people.
        settings: The other settings, under AWS's names, which are only told again.
        policy: Statements of its resource policy.
        tags: The bus's tags.
    """

    name: str
    arn: str
    created: float
    changed: float
    description: str | None = None
    settings: dict[str, Any] = {}
    policy: list[dict[str, Any]] = []
    tags: dict[str, str] = {}


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """For how long a target is tried.

    Attributes:
        maximum_retry_attempts: The most tries after the first one.
        maximum_event_age_in_seconds: The seconds for which an event is tried.
    """

    maximum_retry_attempts: int = 185
    maximum_event_age_in_seconds: int = 86_400


class Target(msgspec.Struct, kw_only=True):
    """A target of a rule.

    Attributes:
        id: The target's id in the rule.
        arn: The ARN of the target.
        params: All that was given, under AWS's names.
    """

    id: str
    arn: str
    params: dict[str, Any] = {}

    @property
    def input(self) -> Input:
        """The input that it gets of an event."""
        return input_of(self.params.get("Input"), self.params.get("InputPath"), self.transformer)

    @property
    def transformer(self) -> Transformer | None:
        """The target's `InputTransformer`; None without one."""
        given = self.params.get("InputTransformer")
        return None if given is None else msgspec.convert(given, Transformer)

    @property
    def retry_policy(self) -> RetryPolicy:
        """For how long it is tried."""
        return msgspec.convert(self.params.get("RetryPolicy") or {}, RetryPolicy)

    @property
    def dead_letter_queue(self) -> str | None:
        """The ARN of its dead-letter queue; None without one."""
        arn: str | None = (self.params.get("DeadLetterConfig") or {}).get("Arn")
        return arn


class Rule(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A rule of a bus.

    Attributes:
        name: The rule's name.
        bus: The bus's name.
        arn: The rule's ARN.
        pattern: The rule's event pattern, as text; None for a schedule.
        schedule: The rule's schedule.
        since: When the schedule began, in Unix seconds.
        state: The state of the rule.
        settings: The other settings, under AWS's names.
        targets: By id, in the order in which they were added.
        tags: The rule's tags.
    """

    name: str
    bus: str
    arn: str
    pattern: str | None = None
    schedule: str | None = None
    since: float = 0.0
    state: State = "ENABLED"
    settings: dict[str, str] = {}
    targets: dict[str, Target] = {}
    tags: dict[str, str] = {}


class EventBuses:
    """All buses of an account in a region, with their rules.

    Args:
        keep: Keeps the rows.
        prefix: The beginning of an ARN, e.g. ``arn:aws:events:eu-west-1:123456789012:``.
        now: When the default bus was made, in Unix seconds.
    """

    def __init__(self, keep: Keep, prefix: str, now: float) -> None:
        self._keep = keep
        self._prefix = prefix
        default = Bus(name=DEFAULT, arn=f"{prefix}event-bus/{DEFAULT}", created=now, changed=now)
        self.buses: dict[str, Bus] = {DEFAULT: default}
        self._rules: dict[str, dict[str, Rule]] = {DEFAULT: {}}
        self._patterns: dict[str, Matcher] = {}

    def restore(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Take in what was kept; rows of other kinds are left to others. The default bus is kept from now on."""
        for key, content in rows:
            if key.startswith(BUS):
                bus = msgspec.msgpack.decode(content, type=Bus)
                self.buses[bus.name] = bus
                self._rules.setdefault(bus.name, {})
            elif key.startswith(RULE):
                rule = msgspec.msgpack.decode(content, type=Rule)
                self._rules.setdefault(rule.bus, {})[rule.name] = rule
        self.keep_bus(self.buses[DEFAULT])

    def bus(self, name: str | None) -> Bus:
        """A bus by its name or ARN; the default one without.

        Raises:
            Refusal: It does not exist.
        """
        plain = bus_name(name)
        bus = self.buses.get(plain)
        if bus is None or (name and name.startswith("arn:") and name != bus.arn):
            raise _not_found(f"Event bus {plain} does not exist.")
        return bus

    def create_bus(self, name: str, now: float, params: Mapping[str, Any]) -> Bus:
        """Make a bus.

        Raises:
            Refusal: It exists, or its name is that of a partner's.
        """
        if name in self.buses:
            raise Refusal("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
        if "/" in name:
            raise Refusal("ValidationException", "Event bus name must not contain '/'.")
        bus = Bus(
            name=name,
            arn=f"{self._prefix}event-bus/{name}",
            created=now,
            changed=now,
            description=params.get("Description"),
            settings={
                key: params[key] for key in ("KmsKeyIdentifier", "DeadLetterConfig", "LogConfig") if key in params
            },
            tags={tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()},
        )
        self.buses[name] = bus
        self._rules[name] = {}
        self.keep_bus(bus)
        return bus

    def delete_bus(self, name: str) -> None:
        """Forget a bus with its rules; it need not exist.

        Raises:
            Refusal: It is the default bus.
        """
        plain = bus_name(name)
        if plain == DEFAULT:
            raise Refusal("ValidationException", f"Cannot delete event bus {DEFAULT}.")
        if self.buses.pop(plain, None) is not None:
            self._keep(BUS + plain, None)
            for rule in self._rules.pop(plain).values():
                self._keep(_key(rule), None)

    def keep_bus(self, bus: Bus) -> None:
        """Keep what has changed about a bus."""
        self._keep(BUS + bus.name, msgspec.msgpack.encode(bus))

    def rules(self, bus: Bus) -> list[Rule]:
        """A bus's rules, by name."""
        return [rule for _, rule in sorted(self._rules[bus.name].items())]

    def rule(self, bus: Bus, name: str) -> Rule:
        """A rule.

        Raises:
            Refusal: It does not exist.
        """
        rule = self._rules[bus.name].get(name)
        if rule is None:
            raise _not_found(f"Rule {name} does not exist on EventBus {bus.name}.")
        return rule

    def put_rule(self, bus: Bus, params: Mapping[str, Any], now: float) -> Rule:
        """Make a rule, or change it; its targets stay.

        Raises:
            Refusal: Its pattern or schedule is not valid, or it has neither.
        """
        name, pattern, schedule = params["Name"], params.get("EventPattern"), params.get("ScheduleExpression")
        if not pattern and not schedule:
            raise Refusal("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
        if schedule and bus.name != DEFAULT:
            raise Refusal("ValidationException", "ScheduleExpression is supported only on the default event bus.")
        if schedule:
            _check_schedule(schedule)
        if pattern:
            event_pattern(pattern)
        before = self._rules[bus.name].get(name)
        made = Rule(
            name=name,
            bus=bus.name,
            arn=f"{self._prefix}rule/" + (name if bus.name == DEFAULT else f"{bus.name}/{name}"),
            pattern=pattern or None,
            schedule=schedule or None,
            since=before.since if before and before.schedule == schedule else now,
            state=params.get("State") or "ENABLED",
            settings={key: params[key] for key in ("Description", "RoleArn") if params.get(key)},
            targets=before.targets if before else {},
            tags=before.tags if before else {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()},
        )
        self._rules[bus.name][name] = made
        self._patterns.pop(made.arn, None)
        self.keep_rule(made)
        return made

    def delete_rule(self, bus: Bus, name: str) -> Rule | None:
        """Forget a rule, and return it; it need not exist.

        Raises:
            Refusal: It has targets.
        """
        rule = self._rules[bus.name].get(name)
        if rule is None:
            return None
        if rule.targets:
            raise Refusal("ValidationException", "Rule can't be deleted since it has targets.")
        del self._rules[bus.name][name]
        self._patterns.pop(rule.arn, None)
        self._keep(_key(rule), None)
        return rule

    def keep_rule(self, rule: Rule) -> None:
        """Keep what has changed about a rule."""
        self._keep(_key(rule), msgspec.msgpack.encode(rule))

    def put_target(self, rule: Rule, params: Mapping[str, Any]) -> None:
        """Add a target that was checked, or change it; the rule is still to be kept.

        Raises:
            Refusal: The rule would have too many.
        """
        identity = params["Id"]
        if identity not in rule.targets and len(rule.targets) >= MOST_TARGETS:
            raise Refusal("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        rest = {key: value for key, value in params.items() if key not in {"Id", "Arn"}}
        rule.targets[identity] = Target(id=identity, arn=params["Arn"], params=rest)

    def matching(self, bus: Bus, event: Mapping[str, Any]) -> Iterator[Rule]:
        """The rules of a bus that are on and match an event, by name."""
        for rule in self.rules(bus):
            if rule.state != "DISABLED" and rule.pattern is not None and self._matcher(rule, rule.pattern)(event):
                yield rule

    def _matcher(self, rule: Rule, pattern: str) -> Matcher:
        if rule.arn not in self._patterns:
            self._patterns[rule.arn] = event_pattern(pattern)
        return self._patterns[rule.arn]


def bus_name(name_or_arn: str | None) -> str:
    """The name of a bus that is named, or whose ARN is given; the default one's without either."""
    if not name_or_arn:
        return DEFAULT
    return name_or_arn.partition("event-bus/")[2] if name_or_arn.startswith("arn:") else name_or_arn


def _check_schedule(expression: str) -> None:
    try:
        schedule_of(expression)
    except InvalidExpressionError as error:
        raise Refusal("ValidationException", f"Parameter ScheduleExpression is not valid. Reason: {error}.") from None
    if expression.startswith("at("):
        raise Refusal("ValidationException", "Parameter ScheduleExpression is not valid.")


def _key(rule: Rule) -> str:
    return f"{RULE}{rule.bus} {rule.name}"


def _not_found(text: str) -> Refusal:
    return Refusal("ResourceNotFoundException", text)
