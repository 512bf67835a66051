"""One stack: its resources as translated, which of them exist, what they are called, and their resolved properties."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from landfast.template.errors import Mistake, Unavailable, Where, dotted
from landfast.template.intrinsics import Resolver, scalar
from landfast.template.names import KINDS, Place, function_reference, generated_name
from landfast.template.placeholders import placeholder
from landfast.template.references import check_cycles, check_names, references
from landfast.template.sam import transforms

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
    """The resources of one stack, read lazily."""

    def __init__(self, document: Mapping[str, Any], *, parameters: Mapping[str, object], place: Place) -> None:
        """Raises a `Mistake` for names that nothing has and for circular dependencies.

        Args:
            document: A template in plain CloudFormation.
            parameters: All values by name.
            place: The place of the stack.
        """
        self.place = place
        self.not_run: list[str] = []
        self._parameters = {**place.pseudo_parameters(), **parameters}
        self._declared: Mapping[str, Any] = document["Resources"]
        self._identities: dict[str, Identity] = {}
        self._versions: dict[str, str] = {}
        self.resolver = Resolver(
            parameters=self._parameters,
            mappings=document.get("Mappings", {}),
            conditions=document.get("Conditions", {}),
            attribute=self._attribute,
            extensions="AWS::LanguageExtensions" in transforms(document),
            elsewhere=self._elsewhere,
        )
        self._check_names(document)
        self.resources = {
            logical_id: resource for logical_id, resource in self._declared.items() if self._exists(logical_id)
        }
        check_cycles({logical_id: self._needs(logical_id) for logical_id in self.resources})
        self._number_versions()

    def of_type(self, kind: str) -> list[str]:
        """The logical ids of the existing resources of a type, in the template's order."""
        return [logical_id for logical_id, resource in self.resources.items() if resource["Type"] == kind]

    def each[T](self, kind: str, build: Callable[[str], T]) -> dict[str, T]:
        """Build each resource of a type by `build`; those that need what only AWS has are named in `not_run`."""
        built: dict[str, T] = {}
        for logical_id in self.of_type(kind):
            try:
                built[logical_id] = build(logical_id)
            except Unavailable as error:
                where = error.where[1:] if error.where[0] == logical_id else error.where
                self.cannot_run(logical_id, f"{dotted(where)}: {error.reason}")
        return built

    def cannot_run(self, logical_id: str, reason: str) -> None:
        """Adds the line that names a resource which is left out."""
        self.not_run.append(f"{self.titled(logical_id)}: not run locally: {reason}")

    def leaves_out(self, logical_id: str, what: str, reason: str) -> None:
        """Adds the line that names a part of a resource which is left out while the rest is run."""
        self.not_run.append(f"{self.titled(logical_id)}: {what} left out: {reason}")

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

    def properties[T: Properties](self, logical_id: str, shape: type[T]) -> T:
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
            self._identities[logical_id] = self._identify(logical_id, where)
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
            except Unavailable:
                continue  # whoever asks for the version's name meets the same and is named for it
            count[function] = count.get(function, 0) + 1
            self._versions[logical_id] = str(count[function])

    def _exists(self, logical_id: str) -> bool:
        condition = self._declared[logical_id].get("Condition")
        return condition is None or self.resolver.holds(condition, (logical_id, "Condition"))

    def _check_names(self, document: Mapping[str, Any]) -> None:
        sections = {key: {"Properties": each.get("Properties", {})} for key, each in self._declared.items()}
        values = {*self._parameters, "AWS::NoValue"}
        check_names({"Conditions": document.get("Conditions", {})}, values)
        check_names({**sections, "Outputs": document.get("Outputs", {})}, {*self._declared, *values})
        for logical_id in self._declared:
            for needed in self._depends_on(logical_id):
                if needed not in self._declared:
                    raise Mistake((logical_id, "DependsOn"), f"no resource is called {needed}")

    def _depends_on(self, logical_id: str) -> list[str]:
        declared = self._declared[logical_id].get("DependsOn", [])
        needed = declared if isinstance(declared, list) else [declared]
        if not all(isinstance(each, str) for each in needed):
            raise Mistake((logical_id, "DependsOn"), "wants a logical id or a list of them")
        return needed

    def _needs(self, logical_id: str) -> dict[str, Where]:
        def live(arguments: list[Any], where: Where) -> list[Any]:
            return [self.resolver.branch({"Fn::If": arguments}, where)]

        properties = self._declared[logical_id].get("Properties", {})
        found = dict.fromkeys(self._depends_on(logical_id), (logical_id, "DependsOn"))
        needs: dict[str, Where] = {**found}
        for reference, where in references(properties, (logical_id, "Properties"), live):
            needs.setdefault(reference, where)
        return {needed: where for needed, where in needs.items() if needed in self.resources}


def shaped[T](value: object, shape: type[T], where: Where) -> T:
    """A resolved value as the type, texts read as numbers and truth values where the type wants those.

    Raises:
        Mistake: It is not of the type.
    """
    try:
        return msgspec.convert(value, shape, strict=False)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$")
        raise Mistake((*where, *_steps(path)), problem) from None


def _steps(path: str) -> Where:
    return tuple(int(index) if index.isdecimal() else index or name for index, name in _STEP.findall(path.rstrip("`")))
