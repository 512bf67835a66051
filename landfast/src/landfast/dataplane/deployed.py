"""The template's resources at the endpoint, as they were created."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeployedStack:
    """The resources of a template, created.

    Attributes:
        arns: The real ARN of each declared one that differs: those of tables' streams.
        not_run: One line for each thing that was left out, with the reason.
    """

    arns: Mapping[str, str]
    not_run: tuple[str, ...] = ()

    def real_arn(self, declared: str) -> str:
        """The ARN at the endpoint of what the template calls `declared`."""
        return self.arns.get(declared, declared)
