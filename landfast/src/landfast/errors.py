"""The root of all errors that the user of Landfast can mend."""


class LandfastError(Exception):
    """An error whose text is one line for the user: what is wrong, where, and how to mend it.

    The command line prints it and ends with exit status 1. Every other exception is a fault of Landfast's own, and its
    traceback is wanted.
    """
