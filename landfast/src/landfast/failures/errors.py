"""What can be wrong with a command about failures, and be mended."""

from landfast.errors import LandfastError


class FailuresError(LandfastError):
    """Something about failures that the user can mend."""
