"""What the function recommend answers, route by route."""
