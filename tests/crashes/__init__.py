# --- payments ---
"""The payments function, killed in every way at any of its calls: `python -m tests.crashes`."""
