"""From a file to what the local service runs."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from landfast.delivery.event_sources import MAPPED
from landfast.template.document import Document, parse
from landfast.template.errors import Mistake, TemplateError, Unavailable
from landfast.template.functions import Code, functions, layers
from landfast.template.iam import roles
from landfast.template.intrinsics import Resolver, scalar
from landfast.template.mappings import event_source_mappings, note_sources
from landfast.template.model import Template
from landfast.template.names import Place
from landfast.template.outside import Outside
from landfast.template.parameters import Withheld, values
from landfast.template.resources import buckets, queues, streams, subscriptions, tables, topics
from landfast.template.routing import event_buses, rules
from landfast.template.sam import transforms, translate
from landfast.template.schedules import schedules
from landfast.template.stack import Stack
from landfast.template.targets import Targets
from landfast.template.unheeded import not_built, unheeded

REGION = "us-east-1"
ACCOUNT = "123456789012"

_NONE: Mapping[str, str] = MappingProxyType({})

_RUN = frozenset(
    {
        *(source.resource_type for source in MAPPED.values()),
        "AWS::Events::EventBus",
        "AWS::Events::Rule",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Version",
        "AWS::S3::Bucket",
        "AWS::Scheduler::Schedule",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
    }
)
_PARTS_OF_FUNCTIONS = ("AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Version")
_NOT_NEEDED = (
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGatewayV2::Stage",
    "AWS::ApplicationInsights::",
    "AWS::CDK::Metadata",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::CloudWatch::InsightRule",
    "AWS::CodeDeploy::",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Lambda::CodeSigningConfig",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::LogStream",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::Logs::ResourcePolicy",
    "AWS::ResourceGroups::",
    "AWS::S3::BucketPolicy",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SQS::QueuePolicy",
)
"""Begins of types that change nothing of what is delivered to whom, or belong to one that is named itself."""

_REASONS = {
    "AWS::Logs::SubscriptionFilter": "log entries are sent to nobody; invoke the function with a sample event",
    "AWS::ApiGateway::RestApi": "HTTP is not served; invoke its functions directly",
    "AWS::ApiGatewayV2::Api": "HTTP is not served; invoke its functions directly",
    "AWS::Lambda::Url": "HTTP is not served; invoke the function directly",
    "AWS::StepFunctions::StateMachine": "state machines are not run",
    "AWS::Serverless::Application": "nested applications are not read; read their own template",
    "AWS::CloudFormation::Stack": "nested stacks are not read; read their own template",
}


def read(
    path: Path,
    *,
    stack_name: str,
    parameters: Mapping[str, str] = _NONE,
    region: str = REGION,
    account: str = ACCOUNT,
    keep: Path | None = None,
) -> Template:
    """Read the declarations of a SAM or CloudFormation template, YAML or JSON, for this machine.

    Args:
        path: The template; relative code paths are relative to its folder.
        stack_name: Part of the physical names.
        parameters: Values for the template's parameters, as text; the others have their defaults.
        region: Part of the ARNs.
        account: Part of the ARNs.
        keep: A folder in which SAM's translation is kept, so that the same template is read sooner the next time.

    Raises:
        TemplateError: CloudFormation or SAM would refuse the template, or it cannot be read at all.
    """

    def build() -> Template:
        place = _place(stack_name, region, account)
        document = _load(path)
        known = values(document.get("Parameters", {}), parameters)
        translated, paths = _translate(document, known, place, keep)
        stack = Stack(translated, parameters=known, place=place)
        return _template(path, stack, Code(path.parent, paths), translated.get("Outputs", {}))

    return _naming(path, build)


def translated(
    path: Path,
    *,
    stack_name: str = "landfast",
    parameters: Mapping[str, str] = _NONE,
    region: str = REGION,
    account: str = ACCOUNT,
) -> dict[str, Any]:
    """The template after SAM's translation, intrinsic functions left as they are, local code as locations in S3.

    Raises:
        TemplateError: As `read`.
    """

    def build() -> dict[str, Any]:
        document = _load(path)
        known = values(document.get("Parameters", {}), parameters)
        return _translate(document, known, _place(stack_name, region, account))[0]

    return _naming(path, build)


def write_translated(path: Path, to: Path, *, parameters: Mapping[str, str] = _NONE) -> None:
    """Writes what `translated` gives to the file `to` as JSON, for cfn-lint to check.

    Raises:
        TemplateError: As `read`.
    """
    to.write_text(json.dumps(translated(path, parameters=parameters), indent=2) + "\n", encoding="utf-8")


def _naming[T](path: Path, build: Callable[[], T]) -> T:
    try:
        return build()
    except Mistake as error:
        raise TemplateError(f"{path}: {error}") from error
    except Unavailable as error:
        raise TemplateError(f"{path}: {error}") from error


def _place(stack_name: str, region: str, account: str) -> Place:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", stack_name):
        raise Mistake((), f"{stack_name!r} is no stack name; use letters, digits and hyphens, a letter first")
    return Place(stack_name=stack_name, region=region, account=account)


def _load(path: Path) -> Document:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Mistake((), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Mistake((), f"is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    return parse(text)


def _translate(
    document: Document, known: Mapping[str, object], place: Place, keep: Path | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    given = {**place.pseudo_parameters(), **known}

    def of_a_resource(logical_id: str, _: str | None, where: tuple[str | int, ...]) -> object:
        raise Mistake(where, f"a path cannot depend on {logical_id}; use parameters only")

    resolver = Resolver(
        parameters=given,
        mappings=document.get("Mappings", {}),
        conditions=document.get("Conditions", {}),
        attribute=of_a_resource,
        extensions="AWS::LanguageExtensions" in transforms(document),
    )
    available = {name: value for name, value in known.items() if not isinstance(value, Withheld)}
    result, paths = translate(document, resolver, available, place.region, keep)
    if "AWS::LanguageExtensions" in transforms(document):
        result["Transform"] = "AWS::LanguageExtensions"
    return result, paths


def _template(path: Path, stack: Stack, code: Code, outputs: Mapping[str, Any]) -> Template:
    _name_what_is_not_run(stack)
    found_roles, found_layers = roles(stack), layers(stack, code)
    found_functions = functions(stack, code, found_roles, found_layers)
    found_queues, found_streams, found_tables = queues(stack), streams(stack), tables(stack)
    found_topics, found_buses = topics(stack), event_buses(stack)
    targets = Targets(stack, found_functions)
    found_buckets = targets.of_buckets(buckets(stack))
    found_subscriptions = targets.of_subscriptions(subscriptions(stack))
    found_rules, found_schedules = targets.of_rules(rules(stack)), schedules(stack)
    declared = (found_functions, found_queues, found_streams, found_tables, found_topics, found_buses, found_buckets)
    outside = Outside(stack.place, (each for group in declared for each in group.values()))
    for group in (found_functions, found_queues, found_buckets, found_rules, found_schedules):
        for logical_id, each in group.items():
            outside.uses(logical_id, each)
    for subscription in found_subscriptions:
        outside.uses(subscription.logical_id, subscription)
    for rule in found_rules.values():
        outside.bus(rule)
    note_sources(stack, found_functions, outside)
    running = {
        *(logical_id for group in (*declared, found_rules, found_schedules) for logical_id in group),
        *(logical_id for kind in _PARTS_OF_FUNCTIONS for logical_id in stack.of_type(kind)),
        *(subscription.logical_id for subscription in found_subscriptions),
    }
    stand_ins = outside.stand_ins()
    all_queues = {**found_queues, **stand_ins.queues}
    all_streams = {**found_streams, **stand_ins.streams}
    all_tables = {**found_tables, **stand_ins.tables}
    sources = (*all_queues.values(), *all_streams.values(), *all_tables.values())
    mappings = event_source_mappings(stack, found_functions, sources, stand_ins)
    running |= mappings.keys()
    return Template(
        path=path,
        stack_name=stack.place.stack_name,
        region=stack.place.region,
        account=stack.place.account,
        functions=stand_ins.localised(found_functions),
        layers=found_layers,
        event_source_mappings=mappings,
        queues=stand_ins.localised(all_queues),
        topics={**found_topics, **stand_ins.topics},
        subscriptions=stand_ins.localised(found_subscriptions),
        streams=all_streams,
        tables=all_tables,
        buckets=stand_ins.localised({**found_buckets, **stand_ins.buckets}),
        event_buses={**found_buses, **stand_ins.event_buses},
        rules=stand_ins.localised(found_rules),
        schedules=stand_ins.localised(found_schedules),
        roles=found_roles,
        alarms=sum(len(stack.of_type(kind)) for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")),
        outputs=_outputs(stack, outputs),
        functions_outside=stand_ins.functions,
        stand_ins=tuple(stand_ins.lines),
        not_run=tuple(dict.fromkeys([*stack.not_run, *unheeded(stack, running), *not_built(stack, found_functions)])),
    )


def _name_what_is_not_run(stack: Stack) -> None:
    for logical_id, resource in stack.resources.items():
        kind = resource["Type"]
        if kind not in _RUN and not kind.startswith(_NOT_NEEDED):
            stack.cannot_run(logical_id, _REASONS.get(kind, "the local service has no such resource"))


def _outputs(stack: Stack, declared: Mapping[str, Any]) -> dict[str, str]:
    outputs: dict[str, str] = {}
    for name, output in declared.items():
        where = ("Outputs", name)
        if not isinstance(output, dict) or "Value" not in output:
            raise Mistake(where, "must be a mapping with a Value")
        condition = output.get("Condition")
        if condition is not None and not stack.resolver.holds(condition, (*where, "Condition")):
            continue
        try:
            value = stack.resolver.resolve(output["Value"], (*where, "Value"))
        except Unavailable as error:
            stack.not_run.append(f"{name} (output): left out: {error.reason}")
            continue
        text = scalar(value)
        if text is None:
            raise Mistake((*where, "Value"), "wants a text")
        outputs[name] = text
    return outputs
