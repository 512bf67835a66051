"""Roles and the statements that they end up with."""

import json
from collections.abc import Iterator
from typing import Any, Literal

from landfast.template.errors import Mistake, Unavailable, Where
from landfast.template.model import Role, Statement
from landfast.template.stack import Properties, Stack, shaped


class _RoleProperties(Properties, frozen=True, kw_only=True):
    managed_policy_arns: tuple[str, ...] = ()
    permissions_boundary: str | None = None


class _Statement(Properties, frozen=True, kw_only=True):
    sid: str | None = None
    effect: Literal["Allow", "Deny"]
    action: str | tuple[str, ...] = ()
    not_action: str | tuple[str, ...] = ()
    resource: str | tuple[str, ...] = ()
    not_resource: str | tuple[str, ...] = ()
    condition: dict[str, Any] | None = None


def roles(stack: Stack) -> dict[str, Role]:
    """The template's roles by logical id."""
    return stack.each("AWS::IAM::Role", lambda logical_id: _role(stack, logical_id))


def _role(stack: Stack, logical_id: str) -> Role:
    identity = stack.identity(logical_id)
    properties = stack.properties(logical_id, _RoleProperties)
    statements = list(_inline(stack, logical_id))
    foreign = list(properties.managed_policy_arns)
    for policy in stack.of_type("AWS::IAM::ManagedPolicy"):
        ref = stack.identity(policy).ref
        if ref in foreign or _is_attached(stack, policy, identity.name):
            foreign = [arn for arn in foreign if arn != ref]
            statements += _attached(stack, policy)
    for kind in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
        for policy in stack.of_type(kind):
            if _is_attached(stack, policy, identity.name):
                statements += _attached(stack, policy)
    return Role(
        logical_id=logical_id,
        name=identity.name,
        arn=identity.attributes["Arn"],
        statements=tuple(statements),
        managed_policy_arns=tuple(foreign),
        permissions_boundary=properties.permissions_boundary,
    )


def _is_attached(stack: Stack, policy: str, role: str) -> bool:
    return role in (stack.value(policy, "Roles") or ()) or role == stack.value(policy, "RoleName")


def _inline(stack: Stack, role: str) -> Iterator[Statement]:
    where = (role, "Properties", "Policies")
    policies = stack.raw(role, "Policies") or []
    if not isinstance(policies, list):
        raise Mistake(where, "wants a list of policies")
    for index, declared in enumerate(policies):
        here: Where = (*where, index)
        policy = stack.resolver.branch(declared, here)
        if policy is None:
            continue
        if not isinstance(policy, dict) or "PolicyDocument" not in policy:
            raise Mistake(here, "wants a PolicyName and a PolicyDocument")
        name = stack.resolver.resolve(policy.get("PolicyName", role), (*here, "PolicyName"))
        yield from _statements(stack, str(name), policy["PolicyDocument"], (*here, "PolicyDocument"))


def _attached(stack: Stack, policy: str) -> Iterator[Statement]:
    where = (policy, "Properties", "PolicyDocument")
    yield from _statements(stack, policy, stack.raw(policy, "PolicyDocument"), where)


def _statements(stack: Stack, policy: str, document: object, where: Where) -> Iterator[Statement]:
    document = stack.resolver.branch(document, where)
    if not isinstance(document, dict) or "Statement" not in document:
        raise Mistake(where, "wants a Statement")
    where = (*where, "Statement")
    declared = stack.resolver.branch(document["Statement"], where)
    for index, each in enumerate(declared if isinstance(declared, list) else [declared]):
        here = (*where, index)
        if (statement := stack.resolver.branch(each, here)) is not None:
            yield _statement(stack, policy, statement, here)


def _statement(stack: Stack, policy: str, declared: object, where: Where) -> Statement:
    if not isinstance(declared, dict):
        raise Mistake(where, "wants a mapping with Effect, Action and Resource")
    resolved = {key: _or_json(stack, value, (*where, key)) for key, value in declared.items()}
    read = shaped({key: value for key, value in resolved.items() if value is not None}, _Statement, where)
    return Statement(
        policy=policy,
        sid=read.sid,
        effect=read.effect,
        action=_listed(read.action),
        not_action=_listed(read.not_action),
        resource=_listed(read.resource),
        not_resource=_listed(read.not_resource),
        condition=read.condition or {},
    )


def _or_json(stack: Stack, value: object, where: Where) -> object:
    value = stack.resolver.branch(value, where)
    try:
        return stack.resolver.resolve(value, where)
    except Unavailable:
        if isinstance(value, list):
            return [_or_json(stack, item, (*where, index)) for index, item in enumerate(value)]
        if isinstance(value, dict) and where[-1] == "Condition":
            return {key: json.dumps(operand) for key, operand in value.items()}
        return json.dumps(value)


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
