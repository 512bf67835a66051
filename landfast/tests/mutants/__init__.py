"""Breaks the code and sees whether a test fails: every delivery rule by name, or a sample of all that can be broken."""
