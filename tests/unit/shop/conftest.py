"""The functions' own fixtures; a test about a function whose pipeline has been removed is skipped."""

import importlib

import pytest

from tests.unit.functions.conftest import EVENTS, Load, aws, context, environment, no_network, sample_event, tables

__all__ = ["aws", "context", "environment", "no_network", "sample_event", "tables"]


@pytest.fixture
def load(aws: None) -> Load:  # noqa: ARG001  the module's clients need it
    """Import a function's `app`."""

    def imported(function: str) -> object:
        if not (EVENTS.parent / "functions" / function / function / "app.py").exists():
            pytest.skip(f"the pipeline of {function} has been removed")
        return importlib.import_module(f"{function}.app")

    return imported  # type: ignore[return-value]
