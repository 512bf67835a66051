"""Commands talk to services of their own, on loopback."""
