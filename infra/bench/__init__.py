"""Benchmarks: what Attune's hot functions cost, side by side with floors and with the usual way of writing them."""
