"""The shop's functions together: what goes from one to the next, and what none of them may do."""
