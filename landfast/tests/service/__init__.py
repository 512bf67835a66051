"""The live drivers, with functions, engines and deliveries made up on the spot."""
