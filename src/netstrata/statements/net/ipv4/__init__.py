"""Statements whose names begin with net.ipv4."""
