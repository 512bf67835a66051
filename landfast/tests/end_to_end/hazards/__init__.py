"""A template with hazards, to see what it does."""
