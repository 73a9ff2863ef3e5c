"""Propensities: which people will act, learned from what people did after each of several snapshots."""
