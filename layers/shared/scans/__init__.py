# --- parcel scans ---
"""What a parcel scan is and does, for the functions that track scans and replay them."""
