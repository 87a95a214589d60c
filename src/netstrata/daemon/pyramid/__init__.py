"""What stands, and what can be asked of it."""
