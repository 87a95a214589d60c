"""Statements that hold values: variables, lists, trees of values, and other names for them."""
