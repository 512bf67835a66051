"""The console: a page that shows a running service, explains what happened, and brings failures back.

`Console` is attached to a service by whoever runs it: `landfast up`. Begin reading with `server`; each view of the
page has a part of its own (`stack` is the smallest), which answers its requests, and a module in ``page/views``.
`report_file` makes one file of the page and a journal.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from landfast.console.server import Console

__all__ = ["Console"]


def __getattr__(name: str) -> object:
    """Load the server when somebody asks for it: who writes a report file needs no service."""
    if name == "Console":
        from landfast.console.server import Console  # noqa: PLC0415 - as above

        return Console
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
