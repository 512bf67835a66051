"""What makes the site, the pictures and the starter of this repository."""
