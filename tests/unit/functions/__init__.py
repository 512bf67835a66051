"""Finds wrong business rules and wrong use of AWS in one function at a time; not wiring, permissions or timing."""
