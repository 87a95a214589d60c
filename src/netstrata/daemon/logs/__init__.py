"""What happens, as lines for people and entries of the journal."""
