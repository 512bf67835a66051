"""Checks of the repository itself that import-linter cannot express."""
