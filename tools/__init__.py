"""What takes the shop apart. It needs nothing but Python, so that it runs before anything is set up."""
