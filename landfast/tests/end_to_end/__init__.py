"""The running service, reached as its users reach it."""
