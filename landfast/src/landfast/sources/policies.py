"""Policies of resources, as far as their services change them by statements.

Source: AWS Identity and Access Management User Guide, Grammar of the IAM JSON policy language.
"""

from typing import Any

from landfast.delivery.strict_json import read_json


def policy_document(text: str) -> dict[str, Any]:
    """A policy, with its statements as a list: the grammar lets a single one go without.

    Raises:
        ValueError: It is no JSON object with statements.
    """
    document = read_json(text)
    statements = document.get("Statement") if isinstance(document, dict) else None
    listed = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(statement, dict) for statement in listed):
        raise ValueError("it is no policy")
    return {**document, "Statement": listed}
