"""Training: reads the log by SQL, fits, publishes data. Serving shares its data, not this code."""
