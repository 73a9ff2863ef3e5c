"""Profiles folded again from the log, and what operators ask of them."""
