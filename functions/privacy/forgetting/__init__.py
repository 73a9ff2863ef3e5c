"""What is held about a person: shown on request, erased on request, and proven to be gone."""
