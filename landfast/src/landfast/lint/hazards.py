"""All hazards, and what is found of them in a template."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from landfast.lint import access, asynchronous, loops, queues, responses, senders, streams, watching
from landfast.lint.application import Application
from landfast.lint.hazard import Finding, Hazard, hazard
from landfast.template import declared
from landfast.template.errors import TemplateError
from landfast.template.reader import REGION

_NONE: Mapping[str, str] = MappingProxyType({})
_SAM: Final = "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html"


@hazard("E9500", "A part of the template that cannot be looked at", source=_SAM)
def not_looked_at(application: Application) -> Iterator[Finding]:
    """What SAM refuses to translate is not looked at for hazards, nor is a file that is no template."""
    for line in application.stack.findings.lines:
        if " SAM refuses " in line:
            name = line.partition(" ")[0].rstrip(":")
            yield Finding((name,), f"{line}. Mend it, to have it looked at.")


HAZARDS: Final[Mapping[str, Hazard]] = {
    each.id: each
    for each in sorted(
        [
            not_looked_at,
            *(
                value
                for module in (access, asynchronous, loops, queues, responses, senders, streams, watching)
                for value in vars(module).values()
                if isinstance(value, Hazard)
            ),
        ],
        key=lambda each: each.id[1:],
    )
}
"""By their ids, in the order of their numbers."""


def findings(
    path: Path, *, parameters: Mapping[str, str] = _NONE, region: str = REGION, document: object = None
) -> list[tuple[Hazard, Finding]]:
    """What is found in a template.

    Args:
        path: The template's file.
        parameters: Values for its parameters; the others have their defaults.
        region: The region to deploy to.
        document: The template's content, if it has been read from elsewhere than the file.
    """
    try:
        application = Application(*declared(path, parameters=parameters, region=region, document=document))
    except TemplateError as error:
        return [(not_looked_at, Finding((), str(error)))]
    return [(each, finding) for each in HAZARDS.values() for finding in each.search(application)]
