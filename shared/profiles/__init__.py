"""The profile and its fold. Same events, any order, any number of deliveries: the same bytes."""
