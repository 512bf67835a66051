"""Amazon EventBridge: its API before buses, rules and targets.

Schedules of rules are followed by the timetable. Archives, replays, API destinations, partners and global endpoints are
not run.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from landfast.aws_errors import AwsError
from landfast.eventplane import event_answers
from landfast.eventplane.event_delivery import EventDelivery
from landfast.eventplane.event_targets import checked
from landfast.eventplane.pages import page
from landfast.eventplane.plane import Result, as_aws_error, carried_out
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.router import Router
from landfast.eventplane.timetable import Entry, Timetable
from landfast.journal import Dropped
from landfast.protocols.call import Call
from landfast.sources import event_entries
from landfast.sources.event_buses import Bus, EventBuses, Rule, State, bus_name
from landfast.sources.event_patterns import event_pattern, sample_event
from landfast.sources.refusal import Refusal
from landfast.sources.schedule_expressions import schedule
from landfast.sources.sent import Sent

KIND: Final = "events"
_PAGE = 100


class EventsApi:
    """Answers calls of EventBridge, and takes what other services send to buses.

    Args:
        world: The event plane's clock, its rows, its journal.
        router: Delivers.
        account: The account, twelve digits.
        region: The region.
        new_id: Makes unique ids.
        timetable: Follows schedules; one of its own without it.
    """

    service = "events"

    def __init__(  # noqa: PLR0917 - as the other services have them
        self,
        world: PlaneWorld,
        router: Router,
        account: str,
        region: str,
        new_id: Callable[[], str],
        timetable: Timetable | None = None,
    ) -> None:
        self._world = world
        self._account = account
        self._region = region
        self._new_id = new_id
        keep = world.keeper(KIND, region)
        self._buses = EventBuses(keep, f"arn:aws:events:{region}:{account}:", world.now())
        self._delivery = EventDelivery(world, router, self._buses, keep, new_id)
        rows = [(key, content) for owner, key, content in world.rows(KIND) if owner == region]
        self._buses.restore(rows)
        self._delivery.restore(rows)
        self._timetable = timetable or Timetable(world)
        for bus in self._buses.buses.values():
            for rule in self._buses.rules(bus):
                self._follow(rule)
        self._operations: Mapping[str, Callable[[Call], Result]] = {
            "CreateEventBus": self._create_event_bus,
            "DeleteEventBus": self._delete_event_bus,
            "DeleteRule": self._delete_rule,
            "DescribeEventBus": self._describe_event_bus,
            "DescribeRule": self._describe_rule,
            "DisableRule": lambda call: self._switch(call, "DISABLED"),
            "EnableRule": lambda call: self._switch(call, "ENABLED"),
            "ListEventBuses": self._list_event_buses,
            "ListRuleNamesByTarget": self._list_rule_names_by_target,
            "ListRules": self._list_rules,
            "ListTagsForResource": self._list_tags,
            "ListTargetsByRule": self._list_targets_by_rule,
            "PutEvents": self._put_events,
            "PutPermission": self._put_permission,
            "PutRule": self._put_rule,
            "PutTargets": self._put_targets,
            "RemovePermission": self._remove_permission,
            "RemoveTargets": self._remove_targets,
            "TagResource": self._tag,
            "TestEventPattern": self._test_event_pattern,
            "UntagResource": self._untag,
        }

    def answer(self, call: Call) -> Result:
        """Do what a call asks for.

        Raises:
            AwsError: It is refused.
        """
        return carried_out(self._operations, call, call)

    def take(self, arn: str, sent: Sent) -> None:
        """Put what another service sends onto a bus: an entry as `PutEvents` has it, or a whole event.

        Raises:
            AwsError: There is no such bus, or it is no event.
        """
        entry = sent.entry or {}
        with as_aws_error():
            bus = self._buses.bus(arn)
        if "detail-type" in entry:
            event = event_entries.completed(entry, self._new_id(), self._account, self._region, self._world.now())
        else:
            error = event_entries.error(entry, reserved=True)
            if error is not None:
                raise AwsError(error.code, error.message)
            event = event_entries.event(entry, self._new_id(), self._account, self._region, self._world.now())
        self._delivery.deliver(bus, event, sent.trace)

    def _put_events(self, call: Call) -> Result:
        entries: list[Mapping[str, Any]] = call.params["Entries"]
        event_entries.check(entries)
        results = [self._put(entry, call.trace) for entry in entries]
        return {"FailedEntryCount": sum("ErrorCode" in each for each in results), "Entries": results}

    def _put(self, entry: Mapping[str, Any], trace: str) -> dict[str, str]:
        error = event_entries.error(entry)
        if error is not None:
            return {"ErrorCode": error.code, "ErrorMessage": error.message}
        now = self._world.now()
        event = event_entries.event(entry, self._new_id(), self._account, self._region, now)
        name = entry.get("EventBusName")
        try:
            bus = self._buses.bus(name)
        except Refusal as refusal:
            # EventBridge takes such an event and forgets it; the journal tells
            source = f"event bus {bus_name(name)}"
            metric, told = "UnknownEventBus", refusal.message
            self._world.note(Dropped(at=now, source=source, records=(event["id"],), metric=metric, error=told))
        else:
            self._delivery.deliver(bus, event, entry.get("TraceHeader") or trace)
        return {"EventId": event["id"]}

    def _create_event_bus(self, call: Call) -> Result:
        bus = self._buses.create_bus(call.params["Name"], self._world.now(), call.params)
        return {"EventBusArn": bus.arn, **event_answers.described(bus)}

    def _delete_event_bus(self, call: Call) -> Result:
        self._buses.delete_bus(call.params["Name"])
        return {}

    def _describe_event_bus(self, call: Call) -> Result:
        bus = self._buses.bus(call.params.get("Name"))
        return {**event_answers.bus(bus), **event_answers.described(bus)}

    def _list_event_buses(self, call: Call) -> Result:
        prefix = call.params.get("NamePrefix") or ""
        buses = [bus for name, bus in sorted(self._buses.buses.items()) if name.startswith(prefix)]
        return _listed("EventBuses", [event_answers.bus(each) for each in buses], call.params)

    def _put_permission(self, call: Call) -> Result:
        bus = self._buses.bus(call.params.get("EventBusName"))
        bus.policy = event_answers.with_permission(bus, call.params)
        self._keep_changed(bus)
        return {}

    def _remove_permission(self, call: Call) -> Result:
        bus = self._buses.bus(call.params.get("EventBusName"))
        bus.policy = event_answers.without_permission(bus, call.params)
        self._keep_changed(bus)
        return {}

    def _keep_changed(self, bus: Bus) -> None:
        bus.changed = self._world.now()
        self._buses.keep_bus(bus)

    def _put_rule(self, call: Call) -> Result:
        bus = self._buses.bus(call.params.get("EventBusName"))
        rule = self._buses.put_rule(bus, call.params, self._world.now())
        self._follow(rule)
        return {"RuleArn": rule.arn}

    def _delete_rule(self, call: Call) -> Result:
        gone = self._buses.delete_rule(self._buses.bus(call.params.get("EventBusName")), call.params["Name"])
        if gone is not None:
            self._timetable.forget(gone.arn)
        return {}

    def _follow(self, rule: Rule) -> None:
        """Follow the schedule of a rule, if it has one."""
        if rule.schedule is None:
            self._timetable.forget(rule.arn)
            return
        entry = Entry(
            name=rule.name,
            expression=rule.schedule,
            enabled=rule.state != "DISABLED",
            schedule=schedule(rule.schedule),
            since=rule.since,
            fire=lambda due: self._fire(rule, due),
        )
        self._timetable.follow(rule.arn, entry)

    def _fire(self, rule: Rule, due: float) -> None:
        """Send the event of a schedule to the targets of its rule; it matches no other rule's pattern."""
        event = event_entries.scheduled(rule.arn, self._new_id(), self._account, self._region, due)
        self._delivery.deliver_by(rule, event)

    def _rule(self, params: Mapping[str, Any], name: str) -> Rule:
        return self._buses.rule(self._buses.bus(params.get("EventBusName")), params[name])

    def _describe_rule(self, call: Call) -> Result:
        return {**event_answers.rule(self._rule(call.params, "Name")), "CreatedBy": self._account}

    def _switch(self, call: Call, state: State) -> Result:
        rule = self._rule(call.params, "Name")
        rule.state = state
        self._buses.keep_rule(rule)
        self._follow(rule)
        return {}

    def _list_rules(self, call: Call) -> Result:
        prefix = call.params.get("NamePrefix") or ""
        rules = self._buses.rules(self._buses.bus(call.params.get("EventBusName")))
        return _listed(
            "Rules", [event_answers.rule(each) for each in rules if each.name.startswith(prefix)], call.params
        )

    def _put_targets(self, call: Call) -> Result:
        rule = self._rule(call.params, "Rule")
        accepted, failed = checked(call.params["Targets"])
        before = dict(rule.targets)
        try:
            for target in accepted:
                self._buses.put_target(rule, target)
        except Refusal:
            rule.targets = before
            raise
        self._buses.keep_rule(rule)
        return {"FailedEntryCount": len(failed), "FailedEntries": failed}

    def _remove_targets(self, call: Call) -> Result:
        rule = self._rule(call.params, "Rule")
        failed = [
            {
                "TargetId": identity,
                "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": f"Rule '{rule.name}' does not have a target with the Id '{identity}'.",
            }
            for identity in call.params["Ids"]
            if rule.targets.pop(identity, None) is None
        ]
        self._buses.keep_rule(rule)
        return {"FailedEntryCount": len(failed), "FailedEntries": failed}

    def _list_targets_by_rule(self, call: Call) -> Result:
        rule = self._rule(call.params, "Rule")
        return _listed("Targets", [event_answers.target(each) for each in rule.targets.values()], call.params)

    def _list_rule_names_by_target(self, call: Call) -> Result:
        arn = call.params["TargetArn"]
        rules = self._buses.rules(self._buses.bus(call.params.get("EventBusName")))
        names = [rule.name for rule in rules if any(each.arn == arn for each in rule.targets.values())]
        return _listed("RuleNames", names, call.params)

    def _test_event_pattern(self, call: Call) -> Result:
        event = sample_event(call.params["Event"])
        return {"Result": event_pattern(call.params["EventPattern"])(event)}

    def _tagged(self, arn: str) -> Bus | Rule:
        for bus in self._buses.buses.values():
            candidates: list[Bus | Rule] = [bus, *self._buses.rules(bus)]
            for each in candidates:
                if each.arn == arn:
                    return each
        raise Refusal("ResourceNotFoundException", f"Resource {arn} does not exist.")

    def _keep_tags(self, what: Bus | Rule) -> None:
        if isinstance(what, Bus):
            self._keep_changed(what)
        else:
            self._buses.keep_rule(what)

    def _list_tags(self, call: Call) -> Result:
        tags = self._tagged(call.params["ResourceARN"]).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tag(self, call: Call) -> Result:
        what = self._tagged(call.params["ResourceARN"])
        what.tags |= {tag["Key"]: tag["Value"] for tag in call.params["Tags"]}
        self._keep_tags(what)
        return {}

    def _untag(self, call: Call) -> Result:
        what = self._tagged(call.params["ResourceARN"])
        what.tags = {key: value for key, value in what.tags.items() if key not in call.params["TagKeys"]}
        self._keep_tags(what)
        return {}


def _listed(member: str, items: list[Any], params: Mapping[str, Any]) -> Result:
    try:
        found, token = page(items, params.get("NextToken"), params.get("Limit") or _PAGE)
    except ValueError:
        raise Refusal("ValidationException", "Parameter NextToken is not valid.") from None
    return {member: found, **({} if token is None else {"NextToken": token})}
