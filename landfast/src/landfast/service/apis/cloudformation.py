"""The CloudFormation API (version 2010-05-15), as far as it tells of the stack that runs; it changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from landfast.aws_errors import AwsError
from landfast.delivery.strict_json import json_text
from landfast.eventplane.plane import Result, carried_out
from landfast.protocols import Call
from landfast.template import StackResource, Template

_COMPLETE = "CREATE_COMPLETE"


@dataclass(frozen=True, slots=True)
class CloudFormationApi:
    """Answers calls of CloudFormation.

    Attributes:
        template: The stack.
        real: Tells what is called otherwise at the endpoint: URLs of queues, ARNs of tables' streams.
        started: When the service started, in Unix seconds.
    """

    service = "cloudformation"

    template: Template
    real: Callable[[str], str]
    started: float

    def answer(self, call: Call) -> Result:
        """Do what a call asks for.

        Raises:
            AwsError: It is refused.
        """
        operations: Mapping[str, Callable[[Mapping[str, Any]], Result]] = {
            "DescribeStackEvents": self._events,
            "DescribeStackResource": self._resource,
            "DescribeStackResources": self._resources,
            "DescribeStacks": self._stacks,
            "GetTemplate": self._template,
            "ListExports": self._exports,
            "ListStackResources": self._resource_summaries,
            "ListStacks": self._stack_summaries,
        }
        return carried_out(operations, call, call.params)

    @property
    def _id(self) -> str:
        return self.template.stack_id

    def _stacks(self, params: Mapping[str, Any]) -> Result:
        self._check(params.get("StackName"))
        template = self.template
        parameters = [{"ParameterKey": name, "ParameterValue": text} for name, text in template.parameters.items()]
        outputs = [
            {
                "OutputKey": name,
                "OutputValue": self.real(value),
                "Description": template.output_details[name].description or None,
                "ExportName": template.output_details[name].export_name or None,
            }
            for name, value in template.outputs.items()
        ]
        stack = {
            **self._named(),
            "Description": template.description or None,
            "Parameters": parameters,
            "CreationTime": self.started,
            "StackStatus": _COMPLETE,
            "Outputs": outputs,
            "Tags": [],
        }
        return {"Stacks": [stack]}

    def _stack_summaries(self, params: Mapping[str, Any]) -> Result:
        wanted = params.get("StackStatusFilter")
        summary = {**self._named(), "CreationTime": self.started, "StackStatus": _COMPLETE}
        return {"StackSummaries": [summary] if not wanted or _COMPLETE in wanted else []}

    def _resource_summaries(self, params: Mapping[str, Any]) -> Result:
        self._check(params["StackName"])
        return {"StackResourceSummaries": [self._summary(each, "Last") for each in self.template.resources]}

    def _resources(self, params: Mapping[str, Any]) -> Result:
        self._check(params.get("StackName"))
        logical, physical = params.get("LogicalResourceId"), params.get("PhysicalResourceId")
        found = [
            {**self._named(), **self._summary(each)}
            for each in self.template.resources
            if logical in {None, each.logical_id} and physical in {None, each.physical_id, self.real(each.physical_id)}
        ]
        if physical is not None and not found:
            raise AwsError("ValidationError", f"Stack for {physical} does not exist")
        return {"StackResources": found}

    def _resource(self, params: Mapping[str, Any]) -> Result:
        name, logical_id = params["StackName"], params["LogicalResourceId"]
        self._check(name)
        found = next((each for each in self.template.resources if each.logical_id == logical_id), None)
        if found is None:
            raise AwsError("ValidationError", f"Resource {logical_id} does not exist for stack {name}")
        metadata = json_text(found.metadata) if found.metadata else None
        return {"StackResourceDetail": {**self._named(), **self._summary(found, "Last"), "Metadata": metadata}}

    def _events(self, params: Mapping[str, Any]) -> Result:
        self._check(params.get("StackName"))
        stack = StackResource(
            logical_id=self.template.stack_name, type="AWS::CloudFormation::Stack", physical_id=self._id
        )
        resources: Sequence[StackResource] = (stack, *reversed(self.template.resources))
        events = [
            {**self._named(), **self._summary(each), "EventId": f"{each.logical_id}-{_COMPLETE}"} for each in resources
        ]
        return {"StackEvents": events}

    def _template(self, params: Mapping[str, Any]) -> Result:
        self._check(params.get("StackName"))
        return {"TemplateBody": self.template.path.read_text(encoding="utf-8-sig"), "StagesAvailable": ["Original"]}

    def _exports(self, params: Mapping[str, Any]) -> Result:
        del params
        exported = {name: each.export_name for name, each in self.template.output_details.items() if each.export_name}
        return {
            "Exports": [
                {"ExportingStackId": self._id, "Name": export, "Value": self.real(self.template.outputs[name])}
                for name, export in exported.items()
            ]
        }

    def _named(self) -> dict[str, Any]:
        return {"StackId": self._id, "StackName": self.template.stack_name}

    def _summary(self, resource: StackResource, moment: str = "") -> dict[str, Any]:
        """A resource; when it was made is called ``Timestamp`` or ``LastUpdatedTimestamp``."""
        return {
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": self.real(resource.physical_id),
            "ResourceType": resource.type,
            "LastUpdatedTimestamp" if moment else "Timestamp": self.started,
            "ResourceStatus": _COMPLETE,
        }

    def _check(self, name: str | None) -> None:
        """Refuse any other stack than the one that runs.

        Raises:
            AwsError: It is another.
        """
        if name not in {None, self.template.stack_name, self._id}:
            raise AwsError("ValidationError", f"Stack with id {name} does not exist")
