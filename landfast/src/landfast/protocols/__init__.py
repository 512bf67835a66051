"""AWS's protocols, as servers speak them: requests read, results and errors written, by botocore's service models.

Begin reading with `call.Call`, then `requests` and `responses`.
"""

from landfast.protocols.call import Call
from landfast.protocols.messages import Request, Response

__all__ = ["Call", "Request", "Response"]
