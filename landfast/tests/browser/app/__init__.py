"""An application with every kind of failure."""
