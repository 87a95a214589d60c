"""Statements about links as such."""
