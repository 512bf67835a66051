"""The repository's own application in the running service, reached as users reach it."""
