"""The function that the template names; nobody calls it."""
