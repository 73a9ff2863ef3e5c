"""From staged folders to running services: locks, images, releases, and what proves that they work."""
