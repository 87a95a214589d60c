"""Programs that ports run: to their end, or for as long as something is needed."""
