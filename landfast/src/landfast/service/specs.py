"""Describes the template's functions to the runtime and to the delivery machines."""

from collections.abc import Container, Mapping
from pathlib import Path

from landfast.delivery.asynchronous import AsynchronousConfig, configuration, in_force
from landfast.delivery.errors import Refused
from landfast.delivery.settings import Settings
from landfast.runtime.model import FunctionSpec, LoggingConfig
from landfast.runtime.pythons import OWN, NoPythonError, Python, Pythons
from landfast.service.functions import LATEST
from landfast.service.layers import NotInstalledError, Packages
from landfast.service.state import ServiceError
from landfast.template import Function, Layer, Template


class Builder:
    """Describes functions to the runtime, each with its Python and its packages.

    Attributes:
        notices: One line for each function that runs on another Python than its own, or cannot be run.
    """

    def __init__(self, pythons: Pythons, packages: Packages, environment: Mapping[str, str]) -> None:
        """`environment` is what every function gets besides its own variables."""
        self._pythons = pythons
        self._packages = packages
        self._environment = environment
        self.notices: list[str] = []
        self._without_client: set[str] = set()

    def specs(self, template: Template) -> dict[str, FunctionSpec]:
        """Return every function of the template by physical name."""
        return {function.name: self._spec(function, template.region) for function in template.functions.values()}

    def _spec(self, function: Function, region: str) -> FunctionSpec:
        python = self._python(function)
        layers: tuple[Path, ...] = ()
        broken = ""
        try:
            layers = (
                *self._packages.of(function.code, python),
                *(folder for layer in function.layers for folder in self._built(layer, python)),
            )
        except NotInstalledError as error:
            broken = str(error)
            self.notices.append(f"{function.logical_id}: every call of it fails until this is mended: {error}")
        return FunctionSpec(
            name=function.name,
            handler=function.handler,
            code=function.code,
            arn=function.arn,
            layers=layers,
            environment={**function.environment, **self._environment},
            timeout=float(function.timeout),
            memory_mb=function.memory_size,
            region=region,
            role_arn=function.role.arn if function.role else "",
            reserved_concurrency=function.reserved_concurrent_executions,
            ephemeral_storage_mb=function.ephemeral_storage_size,
            logging=LoggingConfig(
                log_format=function.log_format,
                application_log_level=function.application_log_level,
                system_log_level=function.system_log_level,
                log_group=function.log_group,
            ),
            python=python,
            provided=self._provided(python),
            broken=broken,
        )

    def _python(self, function: Function) -> Python:
        try:
            return self._pythons.find(function.runtime)
        except NoPythonError as error:
            self.notices.append(f"{function.logical_id}: runs on Python {OWN.version}, not {function.runtime}: {error}")
            return OWN

    def _provided(self, python: Python) -> Path | None:
        if python == OWN or python.version in self._without_client:
            return None
        try:
            return self._packages.provided(python)
        except NotInstalledError as error:
            self._without_client.add(python.version)
            self.notices.append(f"functions on Python {python.version} run with Landfast's own runtime client: {error}")
            return None

    def _built(self, layer: Layer, python: Python) -> tuple[Path, ...]:
        if layer.build_method is None:
            return (layer.content,)
        return (*self._packages.of(layer.content, python), self._packages.source(layer.content, layer.logical_id))


def function_named(template: Template, wanted: str) -> str:
    """Return the name of the function to debug, given by logical id or name.

    Raises:
        ServiceError: There is none.
    """
    names = {function.logical_id: function.name for function in template.functions.values()}
    name = names.get(wanted, wanted)
    if name not in names.values():
        known = ", ".join(names) or "none"
        raise ServiceError(f"--debug {wanted}: there is no such function that runs here; there are: {known}")
    return name


def versions(function: Function) -> dict[str, str]:
    """The version that each qualifier stands for; all of them run the code as it is now."""
    published = {version: version for version in function.versions}
    return {LATEST: LATEST, **published, **{alias.name: alias.version for alias in function.aliases.values()}}


def weights(function: Function) -> dict[str, Mapping[str, float]]:
    """The part of the calls that other versions get, by alias (U-26)."""
    return {alias.name: alias.weights for alias in function.aliases.values() if alias.weights}


def asynchronous_config(
    function: Function, qualifier: str, settings: Settings, functions: Container[str]
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
