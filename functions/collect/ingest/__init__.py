"""What collect takes: a handler for each family of routes."""
