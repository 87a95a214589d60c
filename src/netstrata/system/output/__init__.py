"""What is written without ever waiting for whoever reads it."""
