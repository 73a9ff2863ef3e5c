"""Who gets what, so that it can be told what works."""
