"""Builds the starter out of this repository: `make starter`."""
