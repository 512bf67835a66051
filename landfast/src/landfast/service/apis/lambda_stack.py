"""The stack as the Lambda API sees it: the parts that its operations share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from landfast.delivery.asynchronous import AsynchronousConfig
from landfast.delivery.settings import Settings
from landfast.eventplane.pages import page
from landfast.service.asynchronous import AsynchronousQueues
from landfast.service.changes import Changes
from landfast.service.event_source_mappings import EventSourceMappings
from landfast.service.functions import LATEST, Functions, Target
from landfast.service.specs import asynchronous_config, versions
from landfast.service.world import Shared
from landfast.template import Function

_PAGE = 50


@dataclass(frozen=True, slots=True)
class LambdaStack:
    """The functions of a running service, and what calls them.

    Attributes:
        changes: The template as it is in force.
        functions: The functions as callers address them.
        queues: Their asynchronous events.
        mappings: The event source mappings.
        real_arns: The ARN at the endpoint of what the template calls otherwise: tables' streams.
        settings: The unconfirmed points.
        shared: The parts that all sources have in common.
        started: When the service started, in Unix seconds.
    """

    changes: Changes
    functions: Functions
    queues: AsynchronousQueues
    mappings: EventSourceMappings
    real_arns: Mapping[str, str]
    settings: Settings
    shared: Shared
    started: float

    def now(self) -> float:
        """The time, in Unix seconds."""
        return self.shared.loop.clock.now()

    def target(self, params: Mapping[str, Any]) -> Target:
        """The function that a call names, with its qualifier.

        Raises:
            FunctionNotFoundError: There is none.
            ValueError: The name and the call have two qualifiers that differ.
        """
        return self.functions.find(params["FunctionName"], params.get("Qualifier"))

    def function(self, target: Target) -> Function:
        """The settings of a function that are in force."""
        return self.changes.function(target.spec.name)

    def asynchronous(self, function: Function, qualifier: str) -> AsynchronousConfig:
        """The settings for the asynchronous events of a qualifier."""
        return asynchronous_config(function, qualifier, self.settings, self.functions.specs)

    def reconfigure(self, name: str) -> None:
        """Let the asynchronous queues of a function obey the settings that are in force now."""
        function = self.changes.function(name)
        for qualifier in versions(function):
            target = self.functions.find(name, None if qualifier == LATEST else qualifier)
            self.queues.add(target, self.asynchronous(function, qualifier), self.shared)


def listed(params: Mapping[str, Any], name: str, items: Sequence[object], *, most: int = _PAGE) -> dict[str, Any]:
    """One page of what an operation lists.

    Raises:
        ValueError: The marker is none of ours.
    """
    try:
        shown, following = page(items, params.get("Marker"), min(most, params.get("MaxItems", most)))
    except ValueError:
        raise ValueError("The pagination token is not valid.") from None
    return {name: shown, **({"NextMarker": following} if following else {})}
