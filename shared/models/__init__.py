"""What retrain publishes, as plain data, and how the hot path evaluates it with the standard library."""
