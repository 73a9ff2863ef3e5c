"""What every function shares: the Event, the profile and its fold, models, ranking, stores."""
