"""Statements whose names begin with net."""
