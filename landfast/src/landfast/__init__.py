"""Landfast: the local Lambda service and its command line."""
