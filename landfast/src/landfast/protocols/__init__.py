"""AWS's protocols, as servers speak them: requests read, results and errors written, by botocore's service models.

A request goes `service_of` -> `read` -> `written` or `refused`; what is not answered here is first asked whether the
service has it at all (`unknown_operation`). Begin reading with `call.Call`, then `reading` and `answers`.
"""

from landfast.protocols.answers import refused, written
from landfast.protocols.call import Call
from landfast.protocols.messages import Request, Response
from landfast.protocols.reading import asked, call_of, read, unknown_operation
from landfast.protocols.services import QUERY, service_of, service_of_head

__all__ = [
    "QUERY",
    "Call",
    "Request",
    "Response",
    "asked",
    "call_of",
    "read",
    "refused",
    "service_of",
    "service_of_head",
    "unknown_operation",
    "written",
]
