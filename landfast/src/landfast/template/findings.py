"""What is said of a template, one line for each thing, and the resources that it costs."""

from landfast.template.errors import Mistake, Unavailable, dotted


class Findings:
    """Collects the lines about what cannot run, and about what AWS would refuse.

    Attributes:
        lines: One line for each thing: what it is, why, and what to do.
        lost: The logical ids of resources that are taken out before the stack is built, with their titles.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.lost: dict[str, str] = {}

    def cannot_run(self, title: str, reason: str) -> None:
        """Adds the line that names a resource which is left out."""
        self.lines.append(f"{title}: not run locally: {reason}")

    def leaves_out(self, title: str, what: str, reason: str) -> None:
        """Adds the line that names a part of something which is left out while the rest is run."""
        self.lines.append(f"{title}: {what} left out: {reason}")

    def loses(self, logical_id: str, resource: object, reason: str) -> None:
        """Adds the line for a resource that is taken out of the template; whatever refers to it is told so."""
        kind = resource.get("Type") if isinstance(resource, dict) else None
        title = f"{logical_id} ({kind})" if isinstance(kind, str) else logical_id
        self.lost[logical_id] = title
        self.cannot_run(title, reason)


def reason_of(error: Mistake | Unavailable, logical_id: str | None = None) -> str:
    """An error in one line, its place without the logical id of the resource that the line begins with."""
    where = error.where[1:] if error.where and error.where[0] == logical_id else error.where
    return f"{dotted(where)}: {error.problem}" if where else error.problem
