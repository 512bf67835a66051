"""Subscriptions of log groups, as far as something here writes to them."""

from collections.abc import Mapping

from landfast.sources.log_filters import UnreadablePatternError, log_filter
from landfast.sources.target_arns import not_here
from landfast.template.errors import Unavailable
from landfast.template.model import Function, LogSubscription, find_function
from landfast.template.stack import Properties, Stack

_DESTINATIONS = frozenset({"lambda", "kinesis"})


class _SubscriptionProperties(Properties, frozen=True, kw_only=True):
    log_group_name: str
    destination_arn: str
    filter_pattern: str = ""


def log_subscriptions(stack: Stack, functions: Mapping[str, Function]) -> list[LogSubscription]:
    """The subscriptions of the functions' log groups; others are named."""
    groups = {function.log_group: function for function in functions.values()}

    def subscription(logical_id: str) -> LogSubscription:
        declared = stack.properties(logical_id, _SubscriptionProperties)
        where = (logical_id, "Properties")
        writer = groups.get(declared.log_group_name)
        if writer is None:
            reason = f"nothing here writes to the log group {declared.log_group_name}"
            raise Unavailable((*where, "LogGroupName"), reason)
        if not_here(declared.destination_arn, _DESTINATIONS) is not None:
            reason = f"only functions and streams get log events here, not {declared.destination_arn}"
            raise Unavailable((*where, "DestinationArn"), reason)
        called = find_function(functions, declared.destination_arn)
        if called is not None and called[0].logical_id == writer.logical_id:
            raise Unavailable(
                (*where, "DestinationArn"), "the function would be called for each of its own log entries"
            )
        try:
            log_filter(declared.filter_pattern)
        except UnreadablePatternError as error:
            raise Unavailable((*where, "FilterPattern"), str(error)) from None
        return LogSubscription(
            logical_id=logical_id,
            name=stack.identity(logical_id).name,
            log_group=declared.log_group_name,
            filter_pattern=declared.filter_pattern,
            destination_arn=declared.destination_arn,
        )

    return list(stack.each("AWS::Logs::SubscriptionFilter", subscription).values())
