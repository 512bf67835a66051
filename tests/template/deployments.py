"""The rules of deployments: callers reach the alias, a gradual deployment can tell and go back, roles are bounded."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.template.alarms import watched
from tests.template.stack import Properties, Stack, as_list, target, targets
from tests.template.wiring import ALARM, BUCKET, EVENT_RULE, FUNCTION, INVOKE_CONFIG, MAPPING, Rule, Violations

ALIAS = "AWS::Lambda::Alias"
GROUP = "AWS::CodeDeploy::DeploymentGroup"
PERMISSION = "AWS::Lambda::Permission"

BOUNDARY = {"Fn::If": ["BoundRoles", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}

COUNTED = {"DestinationDeliveryFailures", "AsyncEventsDropped", "DeadLetterErrors", "Errors", "RecordsFailed"}
"""Metrics that count what has happened, so that their alarms end by themselves."""

LONGEST_BUCKET_NAME = 63
"""Amazon S3 User Guide, bucket naming rules."""

LONGEST_ROOM_FOR_THE_STACK = 48
"""What the template and docs/deploy.md promise."""


def gradual(stack: Stack) -> Stack:
    """Return the stack as production deploys it."""
    return Stack.of_source(stack.text, stack.source, Deployment="Canary10Percent30Minutes")


def _raw(stack: Stack, kind: str) -> dict[str, Properties]:
    return {name: each["Properties"] for name, each in stack.translated["Resources"].items() if each["Type"] == kind}


def _called(stack: Stack) -> Iterator[tuple[str, object]]:
    """Yield what may name a function as the one to call, with where."""
    for kind, found in _CALLS.items():
        for name, properties in _raw(stack, kind).items():
            yield from ((name, each) for each in found(properties))


def _allowed(role: Properties) -> list[object]:
    return [
        each
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if "lambda:InvokeFunction" in as_list(statement["Action"])
        for each in as_list(statement["Resource"])
    ]


_CALLS: dict[str, Callable[[Properties], list[object]]] = {
    MAPPING: lambda mapping: [mapping["FunctionName"]],
    PERMISSION: lambda permission: [permission["FunctionName"]],
    EVENT_RULE: lambda rule: [each["Arn"] for each in rule["Targets"]],
    BUCKET: lambda bucket: [
        each["Function"] for each in bucket.get("NotificationConfiguration", {}).get("LambdaConfigurations", [])
    ],
    INVOKE_CONFIG: lambda config: [each["Destination"] for each in config["DestinationConfig"].values()],
    "AWS::IAM::Role": _allowed,
}
"""Where a function is named in order to be called, by what names it."""


def everything_calls_the_alias(stack: Stack) -> Violations:
    """What calls a function itself gets code that nobody has deployed, without its retries and destinations (S-008)."""
    functions = set(stack.all(FUNCTION))
    aliases = {name: target(each["FunctionName"]) for name, each in _raw(stack, ALIAS).items()}
    for function in sorted(functions - set(aliases.values())):
        yield f"{function}: has no alias"
    for name, value in _called(stack):
        for function in sorted(targets(value) & functions):
            yield f"{name}: calls {function} and not its alias"
    for name, config in _raw(stack, INVOKE_CONFIG).items():
        if not any(
            each["Name"] == config["Qualifier"] and each["FunctionName"] == config["FunctionName"]
            for each in _raw(stack, ALIAS).values()
        ):
            yield f"{name}: is about {config['Qualifier']}, which nobody calls"


def gradual_deployments_go_back_by_alarms_that_end_by_themselves(stack: Stack) -> Violations:
    """An alarm on what waits stays on until somebody has replayed it, and would stop the very deployment that mends it.

    Nor can an alarm on a mapping be among them: the mapping calls the alias, whose deployment would wait for the alarm.
    """
    production = gradual(stack)
    groups = production.all(GROUP)
    for function in production.all(FUNCTION):
        if not (group := groups.get(f"{function}DeploymentGroup")):
            yield f"{function}: is not deployed gradually"
            continue
        if not group["AutoRollbackConfiguration"]["Enabled"]:
            yield f"{function}: a deployment that fails stays"
        if group["ServiceRoleArn"] != {"Fn::GetAtt": ["DeploymentRole", "Arn"]}:
            yield f"{function}: is deployed with another role, which has no boundary"
        condition, alarms, otherwise = group.get("AlarmConfiguration", {}).get("Fn::If", ["", {}, {}])
        if condition != "ShiftGradually" or otherwise:
            yield f"{function}: watches alarms that are not there"
        named = {target(each["Name"]) for each in alarms.get("Alarms", [])}
        wanted = {name for name, alarm in production.all(ALARM).items() if _tells_of(production, function, alarm)}
        if named != wanted or not any(_counts_the_new_version(production, function, each) for each in named):
            yield f"{function}: goes back by {sorted(named)}, not by {sorted(wanted)}"


def _tells_of(stack: Stack, function: str, alarm: dict[str, Any]) -> bool:
    seen = watched(alarm)
    about = {name for each in seen for name in targets(list(each.by.values()))}
    return {each.metric for each in seen} <= COUNTED and function in about & set(stack.all(FUNCTION))


def _counts_the_new_version(stack: Stack, function: str, name: str) -> bool:
    """Say whether an alarm has the failures of the version that is being deployed, those inside batches included."""
    found = {each.metric: each for each in watched(stack.properties(name))}
    if "Errors" not in found:
        return False
    version = target(found["Errors"].by["ExecutedVersion"])
    is_new = version.startswith(f"{function}Version") and found["Errors"].by["Resource"] == {
        "Fn::Sub": f"${{{function}}}:live"
    }
    in_batches = any(target(each["FunctionName"]) == function for each in stack.all(MAPPING).values())
    service = stack.properties(function)["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    counted = found["RecordsFailed"].by == {"service": service} if "RecordsFailed" in found else not in_batches
    return is_new and counted and stack.wired[name].get("Condition") == "ShiftGradually"


def codedeploy_may_move_every_alias_and_no_other(stack: Stack) -> Violations:
    """To move an alias takes a right on the function, to look at one a right on the alias."""
    wanted = [
        each
        for name in stack.all(FUNCTION)
        for each in ({"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}:live"})
    ]
    for statement in stack.properties("DeploymentPolicy")["PolicyDocument"]["Statement"]:
        if any(action.startswith("lambda:") for action in as_list(statement["Action"])):
            allowed = as_list(statement["Resource"])
            for each in [*wanted, *allowed]:
                if (each in wanted) != (each in allowed):
                    yield f"{each}: CodeDeploy may not move it, or may although it is no function of this stack"


def every_change_of_a_function_or_of_the_layer_is_a_new_version(stack: Stack) -> Violations:
    """By itself, SAM publishes changes of code, environment and memory only."""
    for name, resource in stack.source["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and not properties.get("AutoPublishAliasAllProperties"):
            yield f"{name}: some of its changes reach nobody"
        if resource["Type"] == "AWS::Serverless::LayerVersion" and not properties.get("PublishLambdaVersion"):
            yield f"{name}: its changes reach nobody"


def every_role_is_bounded(stack: Stack) -> Violations:
    for name, role in stack.all("AWS::IAM::Role").items():
        if role.get("PermissionsBoundary") != BOUNDARY:
            yield f"{name}: the permissions boundary does not hold"


def names_of_buckets_leave_room_for_the_stacks(stack: Stack) -> Violations:
    for name, bucket in stack.all(BUCKET).items():
        if "BucketName" not in bucket:
            continue  # CloudFormation makes it of the stack's name, in lower case and short enough
        pattern, given = bucket["BucketName"]["Fn::Sub"]
        identifier = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
        if given != {"Id": {"Fn::Select": [0, {"Fn::Split": ["-", identifier]}]}} or "${AWS::StackName}" not in pattern:
            yield f"{name}: its name does not tell its stack, or is taken if the stack is made again"
        longest = pattern.replace("${AWS::StackName}", "s" * LONGEST_ROOM_FOR_THE_STACK).replace("${Id}", "0" * 8)
        if len(longest) > LONGEST_BUCKET_NAME:
            yield f"{name}: its name may be {len(longest)} characters long"


RULES: list[Rule] = [
    everything_calls_the_alias,
    gradual_deployments_go_back_by_alarms_that_end_by_themselves,
    codedeploy_may_move_every_alias_and_no_other,
    every_change_of_a_function_or_of_the_layer_is_a_new_version,
    every_role_is_bounded,
    names_of_buckets_leave_room_for_the_stacks,
]
