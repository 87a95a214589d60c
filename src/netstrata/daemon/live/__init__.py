"""Changing a program while it runs."""
