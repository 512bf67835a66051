"""Notices: the result of a shipment becomes a notice, which its destination publishes to the customers' topic.

It has no effect of its own, so that nothing needs to be guarded: the same shipment gives the same notice.
"""

from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from backoffice.correlation import correlated
from backoffice.observability import count, logger, observed
from notify_customer.notice import notice_of, shipment_in


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Word the notice for one shipment."""
    shipment = shipment_in(event)
    with correlated(shipment.correlation_id or context.aws_request_id):
        notice = notice_of(shipment)
        count("NoticesWorded")
        logger.info("notice worded", extra={"notice": notice.notice_id})
    answer: dict[str, Any] = msgspec.to_builtins(notice)
    return answer
