"""The tests, one folder a layer; each folder says what it can and cannot find."""
