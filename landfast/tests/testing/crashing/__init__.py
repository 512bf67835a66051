"""Functions for the crash points to find out."""
