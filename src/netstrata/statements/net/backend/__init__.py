"""Statements whose names begin with net.backend."""
