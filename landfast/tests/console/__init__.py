"""The console, without a service."""
