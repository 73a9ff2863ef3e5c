"""The Event: its contract, its kinds and how it is read from the wire."""
