"""The shop on the console."""
