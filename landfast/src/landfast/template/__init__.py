"""The declarations of a SAM or CloudFormation template: resolved, typed and immutable, for the local service to run.

    template = read(Path("template.yaml"), stack_name="stack", parameters={"Architecture": "x86_64"})
    template.functions["MyFunction"].timeout
    template.not_run  # one line for each thing that is left out, with the reason

`translated` gives the template after SAM's translation, for cfn-lint; `declared` its resources, run here or
not; `graph_of` what sends events to what, and `picture` draws that. Reading is offline and needs no credentials.
"""

from landfast.template.errors import TemplateError
from landfast.template.findings import Findings
from landfast.template.graph import Edge, Graph, Node, graph_of
from landfast.template.model import (
    Alias,
    Bucket,
    EventBus,
    EventInvokeConfig,
    EventSourceMapping,
    Function,
    InputTransformer,
    Layer,
    LogSubscription,
    Notification,
    Queue,
    Redrive,
    Role,
    Rule,
    Schedule,
    ScheduleTarget,
    StackResource,
    Statement,
    Stream,
    Subscription,
    Table,
    Target,
    Template,
    Topic,
)
from landfast.template.picture import picture
from landfast.template.reader import declared, read, refusals, translated, write_translated

__all__ = [
    "Alias",
    "Bucket",
    "Edge",
    "EventBus",
    "EventInvokeConfig",
    "EventSourceMapping",
    "Findings",
    "Function",
    "Graph",
    "InputTransformer",
    "Layer",
    "LogSubscription",
    "Node",
    "Notification",
    "Queue",
    "Redrive",
    "Role",
    "Rule",
    "Schedule",
    "ScheduleTarget",
    "StackResource",
    "Statement",
    "Stream",
    "Subscription",
    "Table",
    "Target",
    "Template",
    "TemplateError",
    "Topic",
    "declared",
    "graph_of",
    "picture",
    "read",
    "refusals",
    "translated",
    "write_translated",
]
