"""Event patterns of EventBridge's rules.

Sources: EventBridge User Guide, "Creating event patterns" and "Comparison operators"; the texts of refusals as recorded
by LocalStack (``tests/aws/services/events/test_events_patterns.snapshot.json``). AWS adds to them where in the pattern
the fault is; that is left out here, and so is its limit on the complexity of wildcards, whose measure is not published.
"""

from collections.abc import Mapping
from typing import Any

from landfast.delivery.patterns import Dialect, Matcher, PatternError, compiled
from landfast.delivery.strict_json import NotJsonError, read_json
from landfast.sources.refusal import Refusal

_DIALECT = Dialect()


def event_pattern(text: str) -> Matcher:
    """Compile a rule's pattern.

    Args:
        text: JSON.

    Raises:
        Refusal: EventBridge refuses it.
    """
    try:
        return compiled(read_json(text), _DIALECT)
    except NotJsonError:
        reason = "Filter is not valid JSON"
    except PatternError as error:
        reason = str(error)
    raise Refusal("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


def sample_event(text: str) -> Mapping[str, Any]:
    """The event that `TestEventPattern` is asked about.

    Raises:
        Refusal: It is no JSON object.
    """
    try:
        event = read_json(text)
    except NotJsonError:
        event = None
    if not isinstance(event, dict):
        raise Refusal("ValidationException", "Parameter Event is not valid.")
    return event
