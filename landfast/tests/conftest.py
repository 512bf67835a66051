"""What all tests have in common: failing examples are printed with what repeats them, and children hear Ctrl-C."""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile(
    "landfast", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], max_examples=100
)
settings.load_profile("landfast")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell lets what it starts with & ignore it, with all children
    signal.signal(signal.SIGINT, signal.default_int_handler)
