"""One suite per port; every backend passes it."""
