"""The pytest plugin, on a small application that has every kind of source."""
