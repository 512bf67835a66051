"""A stack with a failure store of every kind."""
