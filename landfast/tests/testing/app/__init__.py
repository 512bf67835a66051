"""An application with every kind of source."""
