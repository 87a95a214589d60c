"""What happens: numbered events, in memory and in a file."""
