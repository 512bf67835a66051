"""Fast tests of the application, one part at a time, without a network."""
