"""What storage promises (ports) and who keeps the promise (embedded, gcp)."""
