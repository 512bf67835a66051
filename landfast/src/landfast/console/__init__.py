"""The console: a page that shows a running service, explains what happened, and brings failures back.

`Console` is attached to a service by whoever runs it: `landfast up`. Begin reading with `server`; each view of the
page has a part of its own (`stack` is the smallest), which answers its requests, and a module in ``page/views``.
"""

from landfast.console.server import Console

__all__ = ["Console"]
