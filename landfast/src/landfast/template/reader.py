"""From a file to what the local service runs."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from landfast.delivery.event_sources import MAPPED
from landfast.sources.metrics import MEASURED
from landfast.template import cdk_notifications, told
from landfast.template.alarms import alarms
from landfast.template.code import Code
from landfast.template.document import Document, load, sections, without_what_is_no_resource
from landfast.template.errors import Mistake, TemplateError, Unavailable, Where
from landfast.template.extensions import TRANSFORM as EXTENSIONS
from landfast.template.extensions import expanded
from landfast.template.findings import Findings
from landfast.template.functions import functions, layers
from landfast.template.iam import roles
from landfast.template.includes import included
from landfast.template.intrinsics import Resolver, scalar
from landfast.template.logs import log_subscriptions
from landfast.template.mappings import event_source_mappings, note_sources
from landfast.template.model import Template
from landfast.template.names import Place
from landfast.template.outside import Outside
from landfast.template.parameters import UNKNOWN, values
from landfast.template.references import references
from landfast.template.resources import buckets, queues, streams, tables, topics
from landfast.template.routing import event_buses, rules
from landfast.template.sam import SAM, transforms, translate
from landfast.template.schedules import schedules
from landfast.template.stack import Stack
from landfast.template.targets import Targets
from landfast.template.unheeded import not_built, some, unheeded

T = TypeVar("T")

REGION = "us-east-1"
ACCOUNT = "123456789012"

_TRANSFORMS = frozenset({SAM, EXTENSIONS, "AWS::CodeDeployBlueGreen", "AWS::SecretsManager-2024-09-16"})
"""The transforms that change nothing of what is delivered, or are done here."""

_NONE: Mapping[str, str] = MappingProxyType({})

_RUN = frozenset(
    {
        *(source.resource_type for source in MAPPED.values()),
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::Events::EventBus",
        "AWS::Events::Rule",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Version",
        "AWS::Logs::SubscriptionFilter",
        "AWS::S3::Bucket",
        "AWS::Scheduler::Schedule",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        cdk_notifications.TYPE,
    }
)
_ROLES = frozenset({"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::Lambda::Permission"})
_PARTS_OF_FUNCTIONS = ("AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Version")
_NOT_NEEDED = (
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGatewayV2::Stage",
    "AWS::ApplicationInsights::",
    "AWS::CDK::Metadata",
    "AWS::CloudWatch::AnomalyDetector",
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
    "AWS::StepFunctions::StateMachine": "state machines are not run",
    "AWS::Serverless::Application": "nested applications are not read; read their own template",
    "AWS::CloudFormation::Stack": "nested stacks are not read; read their own template",
}
_HTTP = frozenset({"AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::Lambda::Url"})
_MANY = 3
"""More resources than these that the local service has nothing for are told in one line."""


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
        keep: A folder in which SAM's translation is kept, so that the same template is read sooner the next time; code
            that is an archive, or in the template itself, is unpacked there.

    Raises:
        TemplateError: The text is no template, or a given parameter is not allowed. All else that is wrong with a
            template costs the part that it is in, and is told in `Template.not_run`.
    """

    def build() -> Template:
        reading = _Reading(path, _place(stack_name, region, account), parameters)
        document, paths = reading.translated(keep)
        stack = Stack(document, parameters=reading.known, place=reading.place, findings=reading.findings)
        template = _template(path, stack, Code(path, paths, keep), document.get("Outputs", {}))
        return told.of_stack(template, document, reading.known)

    return _naming(path, build)


def declared(
    path: Path,
    *,
    stack_name: str = "landfast",
    parameters: Mapping[str, str] = _NONE,
    region: str = REGION,
    account: str = ACCOUNT,
    document: object = None,
) -> tuple[Stack, Code]:
    """The resources of a template in plain CloudFormation, whether they run here or not, and where their code is.

    Args:
        path: The template's file; relative code paths are relative to its folder.
        stack_name: As `read` has it.
        parameters: As `read` has it.
        region: As `read` has it.
        account: As `read` has it.
        document: The template's content, if it has been read from elsewhere than the file.

    Raises:
        TemplateError: As `read`.
    """

    def build() -> tuple[Stack, Code]:
        reading = _Reading(path, _place(stack_name, region, account), parameters, document)
        plain, paths = reading.translated(None)
        stack = Stack(plain, parameters=reading.known, place=reading.place, findings=reading.findings)
        return stack, Code(path, paths, None)

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
        TemplateError: As `read`; or a part of the template would be left out, which a check must not miss.
    """

    def build() -> dict[str, Any]:
        reading = _Reading(path, _place(stack_name, region, account), parameters)
        document, _ = reading.translated(None)
        if reading.findings.lines:
            raise Mistake((), "; ".join(reading.findings.lines))
        return document

    return _naming(path, build)


def refusals(
    path: Path,
    *,
    stack_name: str = "landfast",
    parameters: Mapping[str, str] = _NONE,
    region: str = REGION,
    account: str = ACCOUNT,
) -> list[str]:
    """One line for each thing that SAM or CloudFormation refuses, or in which cfn-lint finds an error by AWS's schemas.

    What SAM refuses only because a parameter has no value here is none of them: a deployment gives it one.

    Raises:
        TemplateError: The text is no template, or a given parameter is not allowed.
    """
    from landfast.template.lint import errors  # noqa: PLC0415 - importing cfn-lint takes seconds

    def build() -> list[str]:
        reading = _Reading(path, _place(stack_name, region, account), parameters)
        document, _ = reading.translated(None)
        told = [line for line in reading.findings.lines if " refuses " in line and not line.endswith(UNKNOWN)]
        return [*told, *errors(document, region)]

    return _naming(path, build)


def write_translated(path: Path, to: Path, *, parameters: Mapping[str, str] = _NONE) -> None:
    """Writes what `translated` gives to the file `to` as JSON, for cfn-lint to check.

    Raises:
        TemplateError: As `translated`.
    """
    to.write_text(json.dumps(translated(path, parameters=parameters), indent=2) + "\n", encoding="utf-8")


def _naming(path: Path, build: Callable[[], T]) -> T:
    try:
        return build()
    except Mistake as error:
        raise TemplateError(f"{path}: {error}") from error
    except RecursionError as error:
        raise TemplateError(f"{path}: nested too deeply to be a template") from error


def _place(stack_name: str, region: str, account: str) -> Place:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", stack_name):
        raise Mistake((), f"{stack_name!r} is no stack name; use letters, digits and hyphens, a letter first")
    return Place(stack_name=stack_name, region=region, account=account)


class _Reading:
    """A template on its way from the file to plain CloudFormation.

    Attributes:
        place: The place of the stack.
        known: The values of the parameters.
        findings: What is said of the template.
    """

    def __init__(self, path: Path, place: Place, parameters: Mapping[str, str], document: object = None) -> None:
        """Raises a `Mistake` if the text is no template, or a parameter is not allowed.

        Args:
            path: The file, which is read unless its content is given.
            place: The place of the stack.
            parameters: Values by name.
            document: The content.
        """
        self.place = place
        self.findings = Findings()
        content = load(path, self.findings) if document is None else document
        document = sections(content, self.findings)
        self._document = sections(included(document, path.parent, self.findings), self.findings)
        self.known = values(self._document.get("Parameters", {}), parameters, self.findings)
        self._name_macros()

    def translated(self, keep: Path | None) -> tuple[Document, dict[str, str]]:
        """The template in plain CloudFormation, and the paths that its code has on this machine."""
        resolver = Resolver(
            parameters={**self.place.pseudo_parameters(), **self.known},
            mappings=self._document.get("Mappings", {}),
            conditions=self._document.get("Conditions", {}),
            attribute=_of_a_resource,
        )
        extensions = EXTENSIONS in transforms(self._document)
        document = expanded(self._document, resolver, self.findings, declared=extensions)
        document = without_what_is_no_resource(document, self.findings)
        result, paths = translate(document, resolver, self.known, self.place.region, findings=self.findings, keep=keep)
        if extensions:
            result["Transform"] = EXTENSIONS
        return result, paths

    def _name_macros(self) -> None:
        for transform in transforms(self._document):
            name = transform.get("Name") if isinstance(transform, dict) else transform
            if not isinstance(name, str) or name not in _TRANSFORMS:
                self.findings.leaves_out("Transform", f"the macro {name}", "it runs on AWS only")


def _of_a_resource(logical_id: str, _: str | None, where: Where) -> object:
    raise Mistake(where, f"it cannot depend on {logical_id}; use parameters only")


def _template(path: Path, stack: Stack, code: Code, outputs: Mapping[str, Any]) -> Template:
    _name_what_is_not_run(stack)
    found_roles, found_layers = roles(stack), layers(stack, code)
    found_functions = functions(stack, code, found_roles, found_layers)
    found_queues, found_streams, found_tables = queues(stack), streams(stack), tables(stack)
    found_topics, subscriptions = topics(stack)
    found_buses = event_buses(stack)
    targets = Targets(stack, found_functions)
    found_buckets = targets.of_buckets(buckets(stack))
    found_subscriptions = targets.of_subscriptions(subscriptions)
    found_rules, found_schedules = targets.of_rules(rules(stack)), schedules(stack)
    found_alarms, found_logs = alarms(stack, MEASURED), log_subscriptions(stack, found_functions)
    declared = (found_functions, found_queues, found_streams, found_tables, found_topics, found_buses, found_buckets)
    outside = Outside(stack.place, (each for group in declared for each in group.values()))
    for group in (found_functions, found_queues, found_buckets, found_rules, found_schedules, found_alarms):
        for logical_id, each in group.items():
            outside.uses(logical_id, each)
    for subscription in found_subscriptions:
        outside.uses(subscription.logical_id, subscription)
    for log in found_logs:
        outside.uses(log.logical_id, log)
    for rule in found_rules.values():
        outside.bus(rule)
    note_sources(stack, found_functions, outside)
    running = {
        *(logical_id for group in (*declared, found_rules, found_schedules, found_alarms) for logical_id in group),
        *(logical_id for kind in _PARTS_OF_FUNCTIONS for logical_id in stack.of_type(kind)),
        *(subscription.logical_id for subscription in found_subscriptions),
        *(log.logical_id for log in found_logs),
    }
    stand_ins = outside.stand_ins()
    all_queues = {**found_queues, **stand_ins.queues}
    all_streams = {**found_streams, **stand_ins.streams}
    all_tables = {**found_tables, **stand_ins.tables}
    sources = (*all_queues.values(), *all_streams.values(), *all_tables.values())
    mappings = event_source_mappings(stack, found_functions, sources, stand_ins)
    running |= mappings.keys()
    found_outputs = _outputs(stack, outputs)
    stack.tell_what_is_refused(_RUN | _ROLES)
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
        log_subscriptions=stand_ins.localised(found_logs),
        roles=found_roles,
        alarms=stand_ins.localised(found_alarms),
        outputs=found_outputs,
        output_details=told.output_details(stack, outputs, found_outputs),
        resources=told.resources(stack, {*running, *found_layers}, _RUN),
        functions_outside=stand_ins.functions,
        stand_ins=tuple(stand_ins.lines),
        not_run=tuple(
            dict.fromkeys([*stack.findings.lines, *unheeded(stack, running), *not_built(stack, found_functions)])
        ),
    )


def _name_what_is_not_run(stack: Stack) -> None:
    others: dict[str, list[str]] = {}
    for logical_id, resource in stack.resources.items():
        kind = resource["Type"]
        if kind in _HTTP:
            stack.cannot_run(logical_id, f"HTTP is not served; {_directly(stack, logical_id)}")
        elif kind in _REASONS:
            stack.cannot_run(logical_id, _REASONS[kind])
        elif kind not in _RUN and not kind.startswith(_NOT_NEEDED):
            others.setdefault(kind, []).append(logical_id)
    names = [logical_id for kind in others.values() for logical_id in kind]
    if len(names) > _MANY:
        listed = ", ".join(f"{kind} ({some(of_kind)})" for kind, of_kind in others.items())
        stack.findings.cannot_run(f"{len(names)} resources", f"the local service has no such resources: {listed}")
    else:
        for logical_id in names:
            stack.cannot_run(logical_id, "the local service has no such resource")


def _directly(stack: Stack, logical_id: str) -> str:
    """How the functions behind a resource are called without it."""
    needed = references(stack.resources[logical_id]["Properties"], ())
    functions = [name for name, _ in needed if name in stack.of_type("AWS::Lambda::Function")]
    called = next(iter(functions), "FUNCTION")
    return f"call its functions directly: landfast invoke {called} --event FILE"


def _outputs(stack: Stack, declared: Mapping[str, Any]) -> dict[str, str]:
    outputs: dict[str, str] = {}
    for name, output in declared.items():
        try:
            value = _output(stack, output, ("Outputs", name))
        except (Mistake, Unavailable) as error:
            stack.findings.lines.append(f"{name} (output): left out: {error.problem}")
        else:
            if value is not None:
                outputs[name] = value
    return outputs


def _output(stack: Stack, declared: object, where: Where) -> str | None:
    """The value of an output; None if its condition is false."""
    if not isinstance(declared, dict) or "Value" not in declared:
        raise Mistake(where, "must be a mapping with a Value")
    condition = declared.get("Condition")
    if condition is not None and not stack.resolver.holds(condition, (*where, "Condition")):
        return None
    text = scalar(stack.resolver.resolve(declared["Value"], (*where, "Value")))
    if text is None:
        raise Mistake(where, "its Value must be a text")
    return text
