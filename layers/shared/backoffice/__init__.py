"""What every function of the back office shares: batches, exactly-once effects, settings, logs and metrics."""
