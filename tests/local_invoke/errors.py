"""What keeps the sample events from being run."""


class CannotRunError(Exception):
    """Something is missing on this machine; the message is one line: what, and how to mend it."""
