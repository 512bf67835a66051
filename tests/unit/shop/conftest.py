"""The functions' own fixtures."""

from tests.unit.functions.conftest import aws, context, environment, load, log, no_network, sample_event, tables

__all__ = ["aws", "context", "environment", "load", "log", "no_network", "sample_event", "tables"]
