"""Rows as a store would keep them."""

from dataclasses import dataclass, field

from landfast.sources.rows import Keep


@dataclass
class Kept:
    """The rows of one machine.

    Attributes:
        rows: By their key.
    """

    rows: dict[str, bytes] = field(default_factory=dict)

    @property
    def keep(self) -> Keep:
        """What a machine is given."""

        def keep(key: str, content: bytes | None) -> None:
            if content is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = content

        return keep

    def sorted(self) -> list[tuple[str, bytes]]:
        """As they are read after a restart."""
        return sorted(self.rows.items())
