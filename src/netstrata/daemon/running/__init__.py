"""A program that runs: its host, its clock, and what its names mean."""
