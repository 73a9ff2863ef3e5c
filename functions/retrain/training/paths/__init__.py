"""Where visits go, step by step, and which ways end in conversion."""
