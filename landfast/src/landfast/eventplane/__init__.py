"""Landfast's own event plane: the APIs of what delivers, before the pure machines of `landfast.sources`.

Begin reading with `plane.EventPlane`, then the API of your service. Everything here runs in the driver's one thread.
"""

from landfast.eventplane.plane import Api, EventPlane, Pending
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.router import Router

__all__ = ["Api", "EventPlane", "Pending", "PlaneWorld", "Router"]
