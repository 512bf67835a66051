"""What all tests have in common: failing examples are printed with what repeats them."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "landfast", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], max_examples=100
)
settings.load_profile("landfast")
