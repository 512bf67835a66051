"""Functions with everything that belongs to them: code, layers, roles, versions, aliases, event-invoke settings."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from landfast.delivery.errors import Refused
from landfast.delivery.event_invoke_config import configuration
from landfast.delivery.settings import Settings
from landfast.template import told
from landfast.template.code import Code
from landfast.template.environment import environment
from landfast.template.errors import Mistake, Unavailable
from landfast.template.model import Alias, EventInvokeConfig, Function, Layer, Role
from landfast.template.stack import Properties, Stack

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ALIAS = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9_-]{1,128}")
_PYTHON = re.compile(r"python3\.\d{1,2}")


class _DeadLetterConfig(Properties, frozen=True, kw_only=True):
    target_arn: str | None = None


_Level = Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]


class _LoggingConfig(Properties, frozen=True, kw_only=True):
    log_group: str | None = None
    log_format: Literal["Text", "JSON"] = "Text"
    application_log_level: _Level | None = None
    system_log_level: Literal["DEBUG", "INFO", "WARN"] | None = None


class _EphemeralStorage(Properties, frozen=True, kw_only=True):
    size: Annotated[int, msgspec.Meta(ge=512, le=10_240)] = 512


class _FunctionProperties(Properties, frozen=True, kw_only=True):
    handler: str | None = None
    runtime: str | None = None
    package_type: Literal["Zip", "Image"] = "Zip"
    timeout: Annotated[int, msgspec.Meta(ge=1, le=1_800)] = 3
    memory_size: Annotated[int, msgspec.Meta(ge=128, le=10_240)] = 128
    ephemeral_storage: _EphemeralStorage = _EphemeralStorage()
    reserved_concurrent_executions: Annotated[int, msgspec.Meta(ge=0)] | None = None
    architectures: tuple[Literal["x86_64", "arm64"], ...] = ("x86_64",)
    dead_letter_config: _DeadLetterConfig = _DeadLetterConfig()
    logging_config: _LoggingConfig = _LoggingConfig()
    recursive_loop: Literal["Terminate", "Allow"] = "Terminate"


class _RoutedVersion(Properties, frozen=True, kw_only=True):
    function_version: str
    function_weight: float


class _RoutingConfig(Properties, frozen=True, kw_only=True):
    additional_version_weights: tuple[_RoutedVersion, ...] = ()


class _AliasProperties(Properties, frozen=True, kw_only=True):
    function_version: str
    routing_config: _RoutingConfig = _RoutingConfig()


class _OneDestination(Properties, frozen=True, kw_only=True):
    destination: str | None = None


class _Destinations(Properties, frozen=True, kw_only=True):
    on_success: _OneDestination = _OneDestination()
    on_failure: _OneDestination = _OneDestination()


class _EventInvokeProperties(Properties, frozen=True, kw_only=True):
    qualifier: str
    maximum_retry_attempts: int | None = None
    maximum_event_age_in_seconds: int | None = None
    destination_config: _Destinations = _Destinations()


def layers(stack: Stack, code: Code) -> dict[str, Layer]:
    """The template's layers by logical id."""

    def layer(logical_id: str) -> Layer:
        identity = stack.identity(logical_id)
        method = stack.metadata(logical_id, "BuildMethod")
        return Layer(
            logical_id=logical_id,
            name=identity.name,
            arn=identity.ref,
            content=code.folder(stack, logical_id, "Content"),
            build_method=None if method is None else str(method),
        )

    return stack.each("AWS::Lambda::LayerVersion", layer)


def functions(
    stack: Stack, code: Code, roles: Mapping[str, Role], available: Mapping[str, Layer]
) -> dict[str, Function]:
    """The template's functions by logical id."""
    roles_by_arn = {role.arn: role for role in roles.values()}
    layers_by_arn = {layer.arn: layer for layer in available.values()}
    versions = _versions(stack)
    aliases = _aliases(stack)
    configs = _event_invoke_configs(stack)
    policies = told.policies(stack)

    def function(logical_id: str) -> Function:
        properties = stack.properties(logical_id, _FunctionProperties)
        handler, runtime = _python(logical_id, properties)
        identity = stack.identity(logical_id)
        _check_name(logical_id, identity.name)
        dead_letter = properties.dead_letter_config.target_arn or None
        if dead_letter is not None:
            _check_asynchronous(
                logical_id, {"DeadLetterConfig": {"TargetArn": dead_letter}}, identity.attributes["Arn"]
            )
        return Function(
            logical_id=logical_id,
            name=identity.name,
            arn=identity.attributes["Arn"],
            handler=handler,
            runtime=runtime,
            code=code.folder(stack, logical_id, "Code"),
            layers=_layers(stack, logical_id, layers_by_arn),
            environment=environment(stack, logical_id),
            timeout=properties.timeout,
            memory_size=properties.memory_size,
            reserved_concurrent_executions=properties.reserved_concurrent_executions,
            architecture=properties.architectures[0] if properties.architectures else "x86_64",
            role=_role(stack, logical_id, roles_by_arn),
            ephemeral_storage_size=properties.ephemeral_storage.size,
            **_logging(logical_id, identity.name, properties.logging_config),
            dead_letter_target_arn=dead_letter,
            recursive_loop=properties.recursive_loop,
            versions=tuple(versions.get(identity.name, ())),
            aliases=aliases.get(identity.name, {}),
            event_invoke_configs=configs.get(identity.name, {}),
            description=told.description(stack, logical_id),
            tags=told.tags(stack, logical_id),
            policies=policies.get(identity.name, {}),
        )

    return stack.each("AWS::Lambda::Function", function)


def _logging(logical_id: str, name: str, config: _LoggingConfig) -> dict[str, Any]:
    """Read how the function logs (S-137): the fields of `Function`."""
    for field, level in (
        ("ApplicationLogLevel", config.application_log_level),
        ("SystemLogLevel", config.system_log_level),
    ):
        if level is not None and config.log_format != "JSON":
            where = (logical_id, "Properties", "LoggingConfig", field)
            raise Mistake(where, "needs LogFormat: JSON; a text log has no levels")
    return {
        "log_group": config.log_group or f"/aws/lambda/{name}",
        "log_format": config.log_format,
        "application_log_level": config.application_log_level or "INFO",
        "system_log_level": config.system_log_level or "INFO",
    }


def _check_name(logical_id: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        where = (logical_id, "Properties", "FunctionName")
        raise Mistake(where, f"{name!r} is no name of a function; use letters, digits, - and _, 64 at most")


def _python(logical_id: str, properties: _FunctionProperties) -> tuple[str, str]:
    where = (logical_id, "Properties")
    if properties.package_type == "Image":
        raise Unavailable((*where, "PackageType"), "images are not run; package the function as Zip")
    if properties.runtime is None:
        raise Mistake((*where, "Runtime"), "is missing; for example python3.13")
    if not _PYTHON.fullmatch(properties.runtime):
        elsewhere = f"`sam local invoke {logical_id}` calls it directly"
        raise Unavailable((*where, "Runtime"), f"{properties.runtime} is not Python 3, and not run; {elsewhere}")
    if properties.handler is None:
        raise Mistake((*where, "Handler"), "is missing; for example app.handler")
    return properties.handler, properties.runtime


def _layers(stack: Stack, logical_id: str, available: Mapping[str, Layer]) -> tuple[Layer, ...]:
    where = (logical_id, "Properties", "Layers")
    declared = stack.raw(logical_id, "Layers") or []
    layers: list[Layer] = []
    for index, each in enumerate(declared if isinstance(declared, list) else [declared]):
        try:
            arns = stack.resolver.resolve(each, (*where, index))
        except Unavailable as error:
            stack.leaves_out(logical_id, f"layer {index + 1}", error.problem)
            continue
        for arn in arns if isinstance(arns, list) else [arns]:
            if isinstance(arn, str) and arn in available:
                layers.append(available[arn])
            elif arn is not None:
                stack.leaves_out(logical_id, f"layer {arn}", "its content is not on this machine")
    return tuple(layers)


def _role(stack: Stack, logical_id: str, roles: Mapping[str, Role]) -> Role | None:
    try:
        arn = stack.value(logical_id, "Role")
    except Unavailable:
        return None  # a role of another stack, which this template cannot describe
    return roles.get(arn) if isinstance(arn, str) else None


def _versions(stack: Stack) -> dict[str, list[str]]:
    versions: dict[str, list[str]] = {}

    def version(logical_id: str) -> None:
        number = stack.identity(logical_id).attributes["Version"]
        versions.setdefault(stack.function_name(logical_id), []).append(number)

    stack.each("AWS::Lambda::Version", version)
    return versions


def _aliases(stack: Stack) -> dict[str, dict[str, Alias]]:
    aliases: dict[str, dict[str, Alias]] = {}

    def alias(logical_id: str) -> None:
        identity = stack.identity(logical_id)
        if not _ALIAS.fullmatch(identity.name):
            where = (logical_id, "Properties", "Name")
            raise Mistake(
                where, f"{identity.name!r} is no name of an alias; use letters, digits, - and _, not digits alone"
            )
        properties = stack.properties(logical_id, _AliasProperties)
        weights = properties.routing_config.additional_version_weights
        aliases.setdefault(stack.function_name(logical_id), {})[identity.name] = Alias(
            name=identity.name,
            arn=identity.ref,
            version=properties.function_version,
            weights={each.function_version: each.function_weight for each in weights},
        )

    stack.each("AWS::Lambda::Alias", alias)
    return aliases


def _event_invoke_configs(stack: Stack) -> dict[str, dict[str, EventInvokeConfig]]:
    configs: dict[str, dict[str, EventInvokeConfig]] = {}

    def config(logical_id: str) -> None:
        function = stack.function_name(logical_id)
        properties = stack.properties(logical_id, _EventInvokeProperties)
        of_function = configs.setdefault(function, {})
        if properties.qualifier in of_function:
            where = (logical_id, "Properties", "Qualifier")
            raise Mistake(where, f"{function}:{properties.qualifier} already has an EventInvokeConfig")
        resolved = stack.resolved(logical_id)
        _check_asynchronous(logical_id, resolved, stack.place.function_arn(function))
        destinations = properties.destination_config
        of_function[properties.qualifier] = EventInvokeConfig(
            on_success=destinations.on_success.destination,
            on_failure=destinations.on_failure.destination,
            properties=resolved,
        )

    stack.each("AWS::Lambda::EventInvokeConfig", config)
    return configs


def _check_asynchronous(logical_id: str, properties: Mapping[str, object], function_arn: str) -> None:
    try:
        configuration(properties, Settings(), function_arn=function_arn)
    except Refused as refusal:
        raise Mistake((logical_id, "Properties", *refusal.field.split(".")), refusal.message) from None
