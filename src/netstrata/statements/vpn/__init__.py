"""Virtual private networks."""
