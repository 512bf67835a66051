"""The account of a journal, and its renderers."""
