"""Runs every sample event in AWS's own container image; begin reading in `__main__`."""
