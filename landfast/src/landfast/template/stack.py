"""One stack: its resources as translated, which of them exist, what they are called, and their resolved properties."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from landfast.template.errors import Mistake, Unavailable, Where, dotted
from landfast.template.findings import Findings, reason_of
from landfast.template.intrinsics import Resolver, scalar
from landfast.template.names import KINDS, Place, function_reference, generated_name
from landfast.template.placeholders import placeholder
from landfast.template.references import check_names, circles, references

T = TypeVar("T")
P = TypeVar("P", bound="Properties")

_WANTS = re.compile(r"Expected `(?P<wanted>[^`]+)`(?:, got `(?P<given>[^`]+)`)?")
_BOUND = re.compile(r"Expected `\w+` (?P<sign>[<>]=) (?P<bound>\d+)")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "null": "nothing",
    "object": "a mapping",
    "str": "a text",
}
_MADE_ELSEWHERE = re.compile(
    r"(^|\()(AWS::CloudFormation::(Stack|CustomResource)|AWS::Serverless::Application|Custom::\w+)"
)
"""Types of what makes resources by a template or a program of its own, and tells their names by its attributes."""

_STEP = re.compile(r"\[([^\]]*)\]|\.([^.\[]+)")


class Properties(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """Base of the properties that are read of a resource: the fields' names are CloudFormation's."""


class Identity(msgspec.Struct, frozen=True):
    """The names of a resource.

    Attributes:
        name: The resource's physical name.
        ref: The value of ``Ref``.
        attributes: The values of ``Fn::GetAtt``.
    """

    name: str
    ref: str
    attributes: Mapping[str, str]


class Stack:
    """The resources of one stack, read lazily.

    Attributes:
        place: The place of the stack.
        findings: Takes what is to be said.
        hidden: The names of the parameters with NoEcho.
        resolver: Resolves what is declared.
        resources: Those that exist, by logical id.
    """

    def __init__(
        self, document: Mapping[str, Any], *, parameters: Mapping[str, object], place: Place, findings: Findings
    ) -> None:
        """Names the resources whose references or condition make no sense, and leaves them out.

        Args:
            document: A template in plain CloudFormation.
            parameters: All values by name.
            place: The place of the stack.
            findings: Takes what is to be said.
        """
        self.place = place
        self.findings = findings
        self._parameters = {**place.pseudo_parameters(), **parameters}
        self.hidden = frozenset(
            name
            for name, declared in document.get("Parameters", {}).items()
            if isinstance(declared, dict) and str(declared.get("NoEcho")).lower() == "true"
        )
        self._declared: Mapping[str, Any] = document["Resources"]
        self._identities: dict[str, Identity] = {}
        self._asked: list[str] = []
        self._named: dict[tuple[str, str], str] = {}
        self._versions: dict[str, str] = {}
        self.resolver = Resolver(
            parameters=self._parameters,
            mappings=document.get("Mappings", {}),
            conditions=document.get("Conditions", {}),
            attribute=self._attribute,
            elsewhere=self._elsewhere,
        )
        self.resources = dict(self._declared)
        self.resources = {
            logical_id: resource for logical_id, resource in self._declared.items() if self._exists(logical_id)
        }
        self._number_versions()

    def of_type(self, kind: str) -> list[str]:
        """The logical ids of the existing resources of a type, in the template's order."""
        return [logical_id for logical_id, resource in self.resources.items() if resource["Type"] == kind]

    def each(self, kind: str, build: Callable[[str], T]) -> dict[str, T]:
        """Build each resource of a type by `build`; those that cannot be built are named."""
        built: dict[str, T] = {}
        for logical_id in self.of_type(kind):
            try:
                self._check_alone(kind, logical_id)
                built[logical_id] = build(logical_id)
            except (Mistake, Unavailable) as error:
                self.cannot_run(logical_id, reason_of(error, logical_id))
        return built

    def _check_alone(self, kind: str, logical_id: str) -> None:
        """Raises a `Mistake` for a resource whose name another one of its type has already."""
        other = self._named.setdefault((kind, self.identity(logical_id).ref), logical_id)
        if other != logical_id:
            where = (logical_id, "Properties", KINDS[kind].name_property)
            raise Mistake(where, f"{self.identity(logical_id).name} is the name of {other} already; give it another")

    def cannot_run(self, logical_id: str, reason: str) -> None:
        """Adds the line that names a resource which is left out."""
        self.findings.cannot_run(self.titled(logical_id), reason)

    def leaves_out(self, logical_id: str, what: str, reason: str) -> None:
        """Adds the line that names a part of a resource which is left out while the rest is run."""
        self.findings.leaves_out(self.titled(logical_id), what, reason)

    def titled(self, logical_id: str) -> str:
        """The logical id with its type."""
        return f"{logical_id} ({self._declared[logical_id]['Type']})"

    def raw(self, logical_id: str, name: str) -> Any:  # noqa: ANN401 - a template holds any JSON value
        """A property as declared, its outermost ``Fn::If`` decided; None if it is not there."""
        properties = self._declared[logical_id].get("Properties", {})
        return self.resolver.branch(properties.get(name), (logical_id, "Properties", name))

    def value(self, logical_id: str, name: str) -> Any:  # noqa: ANN401 - as above
        """A property resolved; None if it is not there."""
        return self.resolver.resolve(self.raw(logical_id, name), (logical_id, "Properties", name))

    def properties(self, logical_id: str, shape: type[P]) -> P:
        """The properties of a resource that `shape` names, resolved and of its types.

        Raises:
            Mistake: A value of another type, or a required one that is missing.
            Unavailable: A value that only AWS has.
        """
        resolved = {}
        for field in msgspec.structs.fields(shape):
            value = self.value(logical_id, field.encode_name)
            if value is not None:
                resolved[field.encode_name] = value
        return shaped(resolved, shape, (logical_id, "Properties"))

    def entries(self, logical_id: str, path: Sequence[str], shape: type[T]) -> list[tuple[Where, T]]:
        """The entries of a list of a resource, with their places, each by itself.

        One that needs what is not run here is named and left out; it does not cost the resource, nor the others.

        Args:
            logical_id: The resource.
            path: The names that lead to the list, from a property on.
            shape: The type of each entry.

        Raises:
            Mistake: A value of another type, or a required one that is missing.
            Unavailable: A value that only AWS has, where the list is not written out.
        """
        declared, where = self._at(logical_id, path)
        if not isinstance(declared, list):
            whole = shaped(self.resolver.resolve(declared, where) or [], list[Any], where)
            return [((*where, index), shaped(entry, shape, (*where, index))) for index, entry in enumerate(whole)]
        found = []
        for index, entry in enumerate(declared):
            here = (*where, index)
            try:
                resolved = self.resolver.resolve(entry, here)
            except Unavailable as error:
                self.leaves_out(logical_id, dotted(here[2:]), error.problem)
                continue
            if resolved is not None:
                found.append((here, shaped(resolved, shape, here)))
        return found

    def part(self, logical_id: str, path: Sequence[str], shape: type[T]) -> T | None:
        """A part of a property of a resource, without what stands beside it; None if it is not there.

        Raises:
            Mistake: A value of another type, or a required one that is missing.
            Unavailable: A value that only AWS has.
        """
        declared, where = self._at(logical_id, path)
        resolved = self.resolver.resolve(declared, where)
        return None if resolved is None else shaped(resolved, shape, where)

    def _at(self, logical_id: str, path: Sequence[str]) -> tuple[Any, Where]:
        """What is declared at a path, each ``Fn::If`` on the way decided, with its place; None if it is not there."""
        name, *inner = path
        where: Where = (logical_id, "Properties", name)
        declared = self.raw(logical_id, name)
        for step in inner:
            held = {} if declared is None else shaped(declared, dict[str, Any], where)
            where = (*where, step)
            declared = self.resolver.branch(held.get(step), where)
        return declared, where

    def resolved(self, logical_id: str) -> dict[str, Any]:
        """All properties of a resource, resolved, under CloudFormation's names."""
        names = self._declared[logical_id].get("Properties", {})
        return {name: value for name in names if (value := self.value(logical_id, name)) is not None}

    def metadata(self, logical_id: str, name: str) -> object:
        """An entry of the resource's Metadata, or None."""
        metadata = self._declared[logical_id].get("Metadata")
        return metadata.get(name) if isinstance(metadata, dict) else None

    def identity(self, logical_id: str, where: Where = ()) -> Identity:
        """Return the names of a resource, for who asks from `where`."""
        if logical_id not in self._identities:
            if logical_id in self._asked:
                circle = " -> ".join([*self._asked[self._asked.index(logical_id) :], logical_id])
                raise Mistake(where, f"its name depends on itself: {circle}")
            self._asked.append(logical_id)
            try:
                self._identities[logical_id] = self._identify(logical_id, where)
            finally:
                self._asked.pop()
        return self._identities[logical_id]

    def _identify(self, logical_id: str, where: Where) -> Identity:
        type_ = self._declared[logical_id]["Type"]
        if type_ not in KINDS:
            raise Unavailable(where, f"{self.titled(logical_id)} is not run locally")
        kind = KINDS[type_]
        name = self._name(logical_id)
        fields = {
            "name": name,
            "id": str(self.place.stable_id(logical_id)),
            "partition": self.place.partition,
            "region": self.place.region,
            "account": self.place.account,
            "url_suffix": self.place.url_suffix,
            **self._fields(logical_id, type_, name),
        }
        attributes = {key: text.format_map(fields) for key, text in kind.attributes.items()}
        return Identity(name, kind.ref.format_map(fields), attributes)

    def _fields(self, logical_id: str, type_: str, name: str) -> dict[str, str]:
        if type_ in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
            function = self.function_name(logical_id)
            return {"function": function, "version": self._versions.get(logical_id, "")}
        if type_ == "AWS::Events::Rule":
            bus = self.event_bus_name(logical_id)
            default = bus == "default"
            return {
                "rule_path": name if default else f"{bus}/{name}",
                "rule_ref": name if default else f"{bus}|{name}",
            }
        if type_.startswith("AWS::IAM::"):
            return {"path": self.value(logical_id, "Path") or "/"}
        if type_ == "AWS::Scheduler::Schedule":
            return {"group": str(self.value(logical_id, "GroupName") or "default")}
        if type_ == "AWS::SNS::Subscription":
            return {"topic": str(self.value(logical_id, "TopicArn"))}
        return {}

    def function_name(self, logical_id: str) -> str:
        """The name of the function that a resource's FunctionName means."""
        given = self.value(logical_id, "FunctionName")
        reference = function_reference(given) if isinstance(given, str) else None
        if reference is None:
            raise Mistake((logical_id, "Properties", "FunctionName"), "wants a function's name or ARN")
        return reference[0]

    def event_bus_name(self, logical_id: str) -> str:
        """The name of a rule's bus, which may be given as an ARN."""
        return str(self.value(logical_id, "EventBusName") or "default").rsplit("/", maxsplit=1)[-1]

    def _name(self, logical_id: str) -> str:
        type_ = self._declared[logical_id]["Type"]
        name_property = KINDS[type_].name_property
        given = self.value(logical_id, name_property) if name_property else None
        where = (logical_id, "Properties", name_property)
        if given is not None:
            name = scalar(given)
            if not name:
                raise Mistake(where, "wants a text")
            return name
        fifo = str(self.value(logical_id, "FifoQueue") or self.value(logical_id, "FifoTopic")).lower() == "true"
        return generated_name(self.place, logical_id, kind=type_, fifo=fifo)

    def _attribute(self, logical_id: str, attribute: str | None, where: Where) -> object:
        lost = self.findings.lost.get(logical_id)
        if _MADE_ELSEWHERE.search(lost or str(self._declared.get(logical_id, {}).get("Type"))):
            named = [logical_id, *(attribute or "").removeprefix("Outputs.").split(".")]
            if found := self._elsewhere("-".join(filter(None, named)), where):
                return found
        if lost is not None:
            raise Unavailable(where, f"{lost} is not run locally")
        if logical_id not in self._declared:
            raise Mistake(where, f"no resource is called {logical_id}")
        if logical_id not in self.resources:
            condition = self._declared[logical_id]["Condition"]
            raise Mistake(
                where,
                f"{logical_id} does not exist, for its condition {condition} is false; use Fn::If with it here too",
            )
        identity = self.identity(logical_id, where)
        if attribute is None:
            return identity.ref
        if attribute not in identity.attributes:
            known = ", ".join(identity.attributes) or "none"
            raise Unavailable(where, f"{self.titled(logical_id)} has no attribute {attribute} locally; known: {known}")
        return identity.attributes[attribute]

    def _elsewhere(self, name: str, where: Where) -> str | None:
        declared = self._declared.get(str(where[0])) if where else None
        return declared and placeholder(name, declared, where, self.place)

    def _number_versions(self) -> None:
        count: dict[str, int] = {}
        for logical_id in self.of_type("AWS::Lambda::Version"):
            try:
                function = self.function_name(logical_id)
            except (Mistake, Unavailable):
                continue  # whoever asks for the version's name meets the same and is named for it
            count[function] = count.get(function, 0) + 1
            self._versions[logical_id] = str(count[function])

    def _exists(self, logical_id: str) -> bool:
        resource = self._declared[logical_id]
        condition = resource.get("Condition")
        try:
            if condition is not None and not self.resolver.holds(condition, (logical_id, "Condition")):
                return False
            self._check_names(logical_id)
        except (Mistake, Unavailable) as error:
            self.findings.loses(logical_id, resource, reason_of(error, logical_id))
            return False
        return True

    def _check_names(self, logical_id: str) -> None:
        resources = {*self._declared, *self.findings.lost}
        properties = self._declared[logical_id]["Properties"]
        check_names(properties, (logical_id, "Properties"), {*self._parameters, *resources, "AWS::NoValue"})
        for needed in self._depends_on(logical_id):
            if needed not in resources:
                raise Mistake((logical_id, "DependsOn"), f"no resource is called {needed}")

    def tell_what_is_refused(self, kinds: Collection[str]) -> None:
        """Names what CloudFormation refuses and costs nothing here: circles of these types, conditions without use."""
        needs = {
            key: self._needs(key)
            for key, resource in self.resources.items()
            if resource["Type"] in kinds and self._has_name(key)
        }
        problems = [*circles(needs), *self._wrong_conditions()]
        told = "".join(self.findings.lines)
        self.findings.lines += [f"{each}: CloudFormation refuses it" for each in problems if each not in told]

    def _wrong_conditions(self) -> Iterator[str]:
        for name, condition in self.resolver.conditions.items():
            try:
                check_names(condition, ("Conditions", name), {*self._parameters, "AWS::NoValue"})
                self.resolver.holds(name, ("Conditions", name))
            except Mistake as error:
                yield str(error)
            except Unavailable:
                continue  # it is right, and only who needs it is concerned

    def _has_name(self, logical_id: str) -> bool:
        """Tell whether the resource's name is known; one that is not is named already."""
        try:
            self.identity(logical_id)
        except Mistake:
            return False
        except Unavailable:
            pass
        return True

    def _depends_on(self, logical_id: str) -> list[str]:
        declared = self._declared[logical_id].get("DependsOn") or []
        needed = declared if isinstance(declared, list) else [declared]
        if not all(isinstance(each, str) for each in needed):
            raise Mistake((logical_id, "DependsOn"), "wants a logical id or a list of them")
        return needed

    def _needs(self, logical_id: str) -> dict[str, Where]:
        def live(arguments: list[Any], where: Where) -> list[Any]:
            try:
                return [self.resolver.branch({"Fn::If": arguments}, where)]
            except (Mistake, Unavailable):
                return []  # whoever needs the value meets the same, and is named for it

        properties = self._declared[logical_id].get("Properties", {})
        found = dict.fromkeys(self._depends_on(logical_id), (logical_id, "DependsOn"))
        needs: dict[str, Where] = {**found}
        for reference, where in references(properties, (logical_id, "Properties"), live):
            needs.setdefault(reference, where)
        return needs


def shaped(value: object, shape: type[T], where: Where) -> T:
    """A resolved value as the type: texts are read as numbers and truth values, and these as texts, as it wants.

    Raises:
        Mistake: It is not of the type.
    """
    while True:
        try:
            return msgspec.convert(value, shape, strict=False)
        except msgspec.ValidationError as error:
            problem, _, path = str(error).partition(" - at `$")
            steps = _steps(path)
            if not problem.startswith("Expected `str") or (changed := _with_text(value, steps)) is None:
                raise Mistake((*where, *steps), _in_words(problem)) from None
            value = changed


def _with_text(value: object, steps: Where) -> object | None:
    """A value with a number or truth value in it as text; None if there is none at that place."""
    if not steps:
        return None if isinstance(value, str) else scalar(value)
    first, *rest = steps
    if isinstance(value, dict) and first in value:
        inner = _with_text(value[first], tuple(rest))
        return None if inner is None else {**value, first: inner}
    if isinstance(value, list) and isinstance(first, int) and first < len(value):
        inner = _with_text(value[first], tuple(rest))
        return None if inner is None else [*value[:first], inner, *value[first + 1 :]]
    return None


def _in_words(problem: str) -> str:
    """A problem of msgspec's as people say it."""
    if found := _WANTS.fullmatch(problem):
        wanted = [_WORDS.get(kind, kind) for kind in found["wanted"].split(" | ") if kind != "null"]
        given = f" but is given {_WORDS.get(found['given'], found['given'])}" if found["given"] else ""
        return f"wants {' or '.join(wanted)}{given}"
    if found := _BOUND.fullmatch(problem):
        bound, other = ("at least", "less") if found["sign"] == ">=" else ("at most", "more")
        return f"wants {bound} {found['bound']}: AWS refuses {other}"
    if found := _MISSING.fullmatch(problem):
        return f"{found['name']} is missing"
    return problem.replace("Invalid enum value", "cannot be")


def _steps(path: str) -> Where:
    return tuple(int(index) if index.isdecimal() else index or name for index, name in _STEP.findall(path.rstrip("`")))
