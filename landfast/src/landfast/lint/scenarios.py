"""Writes the scenarios that the figures come from, for ``landfast simulate`` to play and for people to change."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import structs

from landfast.lint.hazards import findings


def write(
    paths: Collection[Path], folder: Path, *, ignore: Collection[str], parameters: Mapping[str, str], region: str
) -> Iterator[Path]:
    """Write the scenario of each finding that has one, and yield its file.

    Args:
        paths: The templates.
        folder: Where the files go; it is made if it is not there.
        ignore: Ids of rules, or their beginnings.
        parameters: Values for the templates' parameters.
        region: The region to deploy to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    seen: dict[str, int] = {}
    for path in paths:
        for hazard, finding in findings(path, parameters=parameters, region=region):
            if finding.forecast is None or hazard.id.startswith(tuple(ignore)):
                continue
            name = f"{hazard.id}-{finding.at[0]}"
            seen[name] = seen.get(name, 0) + 1
            file = folder / (f"{name}.json" if seen[name] == 1 else f"{name}-{seen[name]}.json")
            scenario = structs.replace(finding.forecast.scenario, name=f"{hazard.title}: {finding.at[0]}")
            file.write_bytes(msgspec.json.format(msgspec.json.encode(scenario)) + b"\n")
            yield file
