"""Finds a template that breaks its own rules, before and after translation; not what AWS makes of it when deployed."""
