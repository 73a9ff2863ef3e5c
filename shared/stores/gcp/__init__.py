"""Storage on Google Cloud."""
