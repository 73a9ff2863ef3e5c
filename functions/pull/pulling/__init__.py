"""What pull fetches by schedule from BigQuery, and how far it has come."""
