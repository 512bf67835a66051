"""The application's template as SAM writes it and as CloudFormation gets it."""

import logging
import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.sdk.resource import SamResourceType
from samtranslator.translator import translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"

translator.make_policy_template_for_function_plugin = cache(translator.make_policy_template_for_function_plugin)
"""It reads and validates SAM's own policy templates, which takes a third of a translation, and they stay the same."""

SamResourceType.has_value = frozenset(each.value for each in SamResourceType).__contains__
"""It is asked of each resource by each plugin, and looks through all types, which takes a sixth of a translation."""

logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of its own metrics, ten times a translation

REGION = boto3.Session(region_name="eu-west-1")
"""Of which SAM takes the region alone; to make one takes a quarter of a translation."""


def package_of(function: str) -> Path:
    """Return the package of a function, which has its name inside the folder that is deployed."""
    return ROOT / "functions" / function / function


type Properties = dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """A template: its text, what the text says, and what aws-sam-translator makes of it.

    Attributes:
        text: As it is written.
        source: What the text says.
        translated: What CloudFormation gets.
        wired: Its resources, with a function wherever one of its aliases is meant. `all` and what follows read these;
            that it is the alias in each place is a rule of its own.
    """

    text: str
    source: Properties
    translated: Properties
    wired: Properties

    @classmethod
    def of(cls, text: str, **parameters: str) -> "Stack":
        return cls.of_source(text, yaml_parse(text), **parameters)

    @classmethod
    def of_source(cls, text: str, source: Properties, **parameters: str) -> "Stack":
        """Translate with the template's defaults, or with these values for some of its parameters."""
        made = translator.Translator(managed_policy_map={}, sam_parser=Parser(), boto_session=REGION)
        values = {name: each.get("Default") for name, each in source["Parameters"].items()} | parameters
        translated = made.translate(_packaged(source), values)
        del translated["Mappings"]  # SAM has put in what it found there; cfn-lint tells if something else reads them
        return cls(text, source, translated, _without_aliases(translated["Resources"]))

    def all(self, kind: str) -> dict[str, Properties]:
        """Return the properties of the resources of a type, by logical id."""
        return {name: each.get("Properties", {}) for name, each in self.wired.items() if each["Type"] == kind}

    def type_of(self, logical_id: str) -> str:
        return str(self.wired[logical_id]["Type"])

    def properties(self, logical_id: str) -> Properties:
        found: Properties = self.wired[logical_id]["Properties"]
        return found

    def statements(self, function: str) -> Iterator[Properties]:
        """Yield what a function's role allows, its managed policies of this stack included."""
        role = self.properties(target(self.properties(function)["Role"]))
        for policy in role.get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]
        for managed in role.get("ManagedPolicyArns", []):
            yield from self.properties(target(managed))["PolicyDocument"]["Statement"]

    def allows(self, function: str, action: str, resource: str) -> bool:
        """Say whether a function's role names the action on that resource of the stack."""
        return any(
            action in as_list(statement["Action"])
            and any(resource in targets(each) for each in as_list(statement["Resource"]))
            for statement in self.statements(function)
        )

    def loose_ends(self) -> set[str]:
        """Return what is named and not there, and the parameters and conditions that nothing names."""
        template = self.translated
        resources: Properties = template["Resources"]
        named = targets([resources, template["Conditions"], template["Outputs"]])
        named |= {name for resource in resources.values() for name in as_list(resource.get("DependsOn", []))}
        missing = {name for name in named if not name.startswith("AWS::")} - {*resources, *template["Parameters"]}
        unused = {*template["Parameters"]} - named
        return missing | unused | {*_conditions(template)} ^ {*template["Conditions"]}


def copied(source: Properties) -> Properties:
    """Return a copy of a template that may be changed; `deepcopy` takes ten times as long."""
    copy: Properties = pickle.loads(pickle.dumps(source))  # noqa: S301 - what was written a moment ago
    return copy


def as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def targets(value: object) -> set[str]:
    """Return the logical ids, parameters and pseudo parameters that a value is made of."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return {name.removesuffix(".Alias")}  # SAM's way to name the alias of a function
        case {"Fn::Sub": str(pattern)}:
            return _named(pattern)
        case {"Fn::Sub": [str(pattern), dict(given)]}:
            return (_named(pattern) - set(given)) | targets(list(given.values()))
        case dict():
            return targets(list(value.values()))
        case list():
            return {name for each in value for name in targets(each)}
        case _:
            return set()


def _named(pattern: str) -> set[str]:
    return {name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", pattern)}


def _conditions(value: object) -> Iterator[str]:
    """Yield the conditions that a value names."""
    match value:
        case {"Fn::If": [str(name), *values]}:
            yield name
            yield from _conditions(values)
        case dict():
            yield from (name for name in [value.get("Condition")] if isinstance(name, str))
            yield from _conditions([*value.values()])
        case list():
            for each in value:
                yield from _conditions(each)


def target(value: object) -> str:
    """Return the one logical id that a value refers to."""
    (name,) = targets(value)
    return name


def _packaged(source: Properties) -> Properties:
    """Put S3 addresses where code is, as `sam package` does before it translates."""
    packaged = copied(source)
    for resource in packaged["Resources"].values():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = "s3://bucket/key"
        if resource["Type"] == "AWS::Serverless::Function" and not _is_packaged(resource["Properties"]["CodeUri"]):
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return packaged


def _is_packaged(uri: object) -> bool:
    return isinstance(uri, str) and uri.startswith("s3://")


def _without_aliases(resources: Properties) -> Properties:
    aliases = {
        name: each["Properties"]["FunctionName"]
        for name, each in resources.items()
        if each["Type"] == "AWS::Lambda::Alias"
    }

    def functions(value: object) -> object:
        match value:
            case {"Ref": str(name)} if name in aliases:
                return aliases[name]
            case dict():
                return {key: functions(each) for key, each in value.items()}
            case list():
                return [functions(each) for each in value]
            case _:
                return value

    return {name: functions(each) for name, each in resources.items()}
