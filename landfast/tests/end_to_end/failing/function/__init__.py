"""The function's code."""
