"""The functions' own fixtures; a test about functions that are not there any more is skipped."""

from tests.unit.functions.conftest import aws, context, environment, load, no_network, sample_event, tables

__all__ = ["aws", "context", "environment", "load", "no_network", "sample_event", "tables"]
