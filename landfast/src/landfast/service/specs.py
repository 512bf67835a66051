"""Describes the template's functions to the runtime and to the delivery machines."""

from collections.abc import Mapping
from pathlib import Path

from landfast.delivery.asynchronous import AsynchronousConfig, configuration, in_force
from landfast.delivery.errors import Refused
from landfast.delivery.settings import Settings
from landfast.runtime.model import FunctionSpec, LoggingConfig
from landfast.service import layers
from landfast.service.functions import LATEST
from landfast.service.state import ServiceError
from landfast.template import Function, Layer, Template


def function_specs(template: Template, cache: Path, environment: Mapping[str, str]) -> dict[str, FunctionSpec]:
    """Every function that can be run, by physical name, its layers built.

    Args:
        template: The stack.
        cache: The folder of built layers.
        environment: The variables that every function gets besides its own.

    Raises:
        ServiceError: Packages of a layer cannot be installed.
    """
    built = {layer.logical_id: _built(layer, cache) for layer in template.layers.values()}
    return {
        function.name: FunctionSpec(
            name=function.name,
            handler=function.handler,
            code=function.code,
            arn=function.arn,
            layers=(
                *layers.packages(function.code, cache),
                *(folder for layer in function.layers for folder in built[layer.logical_id]),
            ),
            environment={**function.environment, **environment},
            timeout=float(function.timeout),
            memory_mb=function.memory_size,
            region=template.region,
            role_arn=function.role.arn if function.role else "",
            reserved_concurrency=function.reserved_concurrent_executions,
            ephemeral_storage_mb=function.ephemeral_storage_size,
            logging=LoggingConfig(
                log_format=function.log_format,
                application_log_level=function.application_log_level,
                system_log_level=function.system_log_level,
                log_group=function.log_group,
            ),
        )
        for function in template.functions.values()
    }


def versions(function: Function) -> dict[str, str]:
    """The version that each qualifier stands for; all of them run the code as it is now."""
    published = {version: version for version in function.versions}
    return {LATEST: LATEST, **published, **{alias.name: alias.version for alias in function.aliases.values()}}


def weights(function: Function) -> dict[str, Mapping[str, float]]:
    """The part of the calls that other versions get, by alias (U-26)."""
    return {alias.name: alias.weights for alias in function.aliases.values() if alias.weights}


def asynchronous_config(
    function: Function, qualifier: str, settings: Settings, functions: Mapping[str, FunctionSpec]
) -> AsynchronousConfig:
    """Return the settings for the asynchronous events of one qualifier (S-07, S-08, S-25).

    Raises:
        ServiceError: AWS would refuse the settings.
    """
    version = versions(function).get(qualifier, "")
    config = in_force(function.event_invoke_configs, qualifier, settings=settings, version=version)
    properties = dict(config.properties) if config else {}
    # The dead-letter queue belongs to the function, whichever version is called (S-25).
    if function.dead_letter_target_arn:
        properties["DeadLetterConfig"] = {"TargetArn": function.dead_letter_target_arn}
    try:
        return configuration(properties, settings, function_arn=function.arn, functions=functions)
    except Refused as error:
        raise ServiceError(f"{function.logical_id}: {error}: correct it in the template") from error


def _built(layer: Layer, cache: Path) -> tuple[Path, ...]:
    if layer.build_method is None:
        return (layer.content,)
    return (*layers.packages(layer.content, cache), layers.source(layer.content, layer.logical_id, cache))
