"""SAM's translation of as much of a template as SAM takes: what it refuses is left out, and the rest tried again."""

import copy
import logging
import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from samtranslator.metrics.metrics import DummyMetricsPublisher, Metrics
from samtranslator.model.exceptions import ExceptionWithMessage, InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.plugins.policies.policy_templates_plugin import PolicyTemplatesForResourcePlugin
from samtranslator.policy_template_processor.processor import PolicyTemplatesProcessor
from samtranslator.translator import translator as sam

from landfast.template.findings import Findings

_OF_RESOURCE = re.compile(r"Resource with id \[(?P<name>[^\]]+)\] is invalid\. (?P<problem>.*)", re.DOTALL)
_OF_EVENT = re.compile(r"Event with id \[(?P<name>[^\]]+)\] is invalid\. (?P<problem>.*)", re.DOTALL)
_TRANSFORMING = re.compile(r"Transforming resource with id \[(?P<name>[^\]]+)\]")
_CHOICES = re.compile(r"\. Must be one of .*", re.DOTALL)


@cache
def _policy_templates() -> PolicyTemplatesForResourcePlugin:
    listed = PolicyTemplatesProcessor.get_default_policy_templates_json()
    return PolicyTemplatesForResourcePlugin(PolicyTemplatesProcessor(listed, schema={"type": "object"}))


# The translator reads its list of policies anew for each template, and checks each time that the list has the form that
# it should have: of a small template that is most of the translation, and each command of Landfast translates.
sam.make_policy_template_for_function_plugin = _policy_templates


class _Refusal(Exception):  # noqa: N818 - SAM refuses; nothing is an error of ours
    """SAM refuses a template, for one reason or several."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = [" ".join(problem.split()) for problem in problems]
        super().__init__("; ".join(self.problems))


class _Part(NamedTuple):
    """A part of a template that can be taken out.

    Attributes:
        holder: The logical id of a resource, or ``Globals``.
        steps: The place of the part in it; empty for the whole of it.
    """

    holder: str
    steps: tuple[str, ...]


class Translation:
    """The translation of one template.

    Attributes:
        findings: Names what was left out.
    """

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, Any], region: str) -> None:
        """Takes what the translator takes; the template is not changed."""
        self.findings = Findings()
        self._template: dict[str, Any] = copy.deepcopy(dict(template))
        self._parameters = parameters
        self._region = region

    def of_what_is_right(self) -> dict[str, Any]:
        """The translation without what SAM refuses."""
        while self._serverless():
            try:
                return self._translated(self._template)
            except _Refusal as refusal:
                for problem in refusal.problems:
                    self._leave_out(problem)
        return self._template

    def _translated(self, template: dict[str, Any]) -> dict[str, Any]:
        # Of what AWS tries out in its own service it warns, once for each function; no user can do anything about it.
        logging.getLogger("samtranslator.feature_toggle.feature_toggle").setLevel(logging.ERROR)
        # Of what it cannot translate it logs a traceback, beside the exception that is told below.
        logging.getLogger("samtranslator.plugins.sam_plugins").setLevel(logging.CRITICAL)
        # The translator asks a session for its region only; a real one would read the user's AWS profile.
        session = SimpleNamespace(region_name=self._region)
        metrics = Metrics("ServerlessTransform", DummyMetricsPublisher())
        translator = sam.Translator(managed_policy_map={}, sam_parser=Parser(), boto_session=session, metrics=metrics)
        try:
            translated: dict[str, Any] = translator.translate(
                sam_template=copy.deepcopy(template),
                parameter_values=dict(self._parameters),
                passthrough_metadata=True,
            )
        except InvalidDocumentException as error:
            raise _Refusal([str(cause.message) for cause in error.causes]) from None
        except ExceptionWithMessage as error:
            raise _Refusal([str(error.message)]) from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise _Refusal([f"it cannot be translated ({error})"]) from error
        finally:
            metrics.publish()  # to nobody; unpublished, they end in a warning on the user's screen
        return translated

    def _leave_out(self, problem: str) -> None:
        """Take out the part that SAM's text is about, and name it."""
        resources = self._template["Resources"]
        part, told = self._named(problem)
        if part is None:
            part = self._cause(problem, self._parts())
        elif not part.steps:
            part = self._cause(problem, self._events_of(part.holder)) or part
        reason = f"SAM refuses it: {_CHOICES.sub('', told)}"
        if part is None:
            for logical_id in self._serverless():
                self.findings.loses(logical_id, resources.pop(logical_id), reason)
            return
        if part.holder == "Globals":
            self.findings.leaves_out(".".join(("Globals", *part.steps[:-1])), part.steps[-1], reason)
        elif part.holder not in resources:
            return  # another of SAM's texts has cost it already
        elif part.steps:
            title = f"{part.holder} ({resources[part.holder]['Type']})"
            self.findings.leaves_out(title, f"event {part.steps[-1]}", reason)
        else:
            self.findings.loses(part.holder, resources[part.holder], reason)
        self._template = _without(self._template, part)

    def _named(self, problem: str) -> tuple[_Part | None, str]:
        """The part that a text names, and the text without the name."""
        resources = self._template["Resources"]
        if found := _OF_RESOURCE.fullmatch(problem):
            name, told = found["name"], found["problem"]
            event = _OF_EVENT.fullmatch(told)
            for logical_id, key in self._events():
                if (
                    event and logical_id == name and event["name"] in (key, f"{name}{key}")
                ) or name == logical_id + key:
                    return _Part(logical_id, ("Properties", "Events", key)), event["problem"] if event else told
            return (_Part(name, ()) if name in resources else None), told
        if (found := _TRANSFORMING.match(problem)) and found["name"] in resources:
            return _Part(found["name"], ()), problem
        return None, problem

    def _serverless(self) -> list[str]:
        resources = self._template["Resources"]
        return [key for key, each in resources.items() if each["Type"].startswith("AWS::Serverless::")]

    def _events(self) -> Iterator[tuple[str, str]]:
        for logical_id in self._serverless():
            events = self._template["Resources"][logical_id]["Properties"].get("Events")
            if isinstance(events, dict):
                yield from ((logical_id, str(key)) for key in events)

    def _parts(self) -> Iterator[_Part]:
        """What may be the cause of a text that names nothing, the smallest parts first."""
        settings = self._template.get("Globals", {})
        for section, properties in settings.items():
            if isinstance(properties, dict):
                yield from (_Part("Globals", (section, name)) for name in properties)
            yield _Part("Globals", (section,))
        yield from (_Part(logical_id, ("Properties", "Events", key)) for logical_id, key in self._events())
        yield from (_Part(logical_id, ()) for logical_id in self._template["Resources"])

    def _events_of(self, logical_id: str) -> Iterator[_Part]:
        return (_Part(holder, ("Properties", "Events", key)) for holder, key in self._events() if holder == logical_id)

    def _cause(self, problem: str, parts: Iterator[_Part]) -> _Part | None:
        """The first part without which the template does not have the problem."""
        return next((part for part in parts if problem not in self._problems(_without(self._template, part))), None)

    def _problems(self, template: dict[str, Any]) -> list[str]:
        try:
            self._translated(template)
        except _Refusal as refusal:
            return refusal.problems
        return []


def _without(template: Mapping[str, Any], part: _Part) -> dict[str, Any]:
    """A copy of a template without a part of it."""
    changed: dict[str, Any] = copy.deepcopy(dict(template))
    holder, path = (
        (changed, ("Globals", *part.steps))
        if part.holder == "Globals"
        else (
            changed["Resources"],
            (part.holder, *part.steps),
        )
    )
    *steps, last = path
    for step in steps:
        holder = holder[step]
    del holder[last]
    if not changed.get("Globals", True):
        del changed["Globals"]
    return changed
