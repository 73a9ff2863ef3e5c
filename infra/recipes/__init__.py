"""Programs to start from: what others may build on Attune's topics and client."""
