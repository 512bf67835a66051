"""Filter patterns of CloudWatch Logs for unstructured text.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import re
from collections.abc import Callable

from landfast.aws_errors import AwsError

_TERM = re.compile(r'(?P<sign>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>\S+))')


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that tells whether a pattern matches a message.

    All terms must be there, none that has a minus before it, and one of those with a question mark, if there are any.

    Raises:
        AwsError: It is a pattern for JSON, for columns, or a regular expression.
    """
    pattern = pattern.strip()
    if pattern[:1] in {"{", "[", "%"}:
        message = "Only filter patterns of terms are available: those for JSON and columns, and regular ones, are not."
        raise AwsError("NotImplementedException", message, status=501)
    terms: dict[str, list[str]] = {"": [], "-": [], "?": []}
    for term in _TERM.finditer(pattern):
        phrase = term["phrase"]
        terms[term["sign"]].append(term["word"] if phrase is None else re.sub(r"\\(.)", r"\1", phrase))

    def matches(message: str) -> bool:
        return (
            all(term in message for term in terms[""])
            and not any(term in message for term in terms["-"])
            and (not terms["?"] or any(term in message for term in terms["?"]))
        )

    return matches
