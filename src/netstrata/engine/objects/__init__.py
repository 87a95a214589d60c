"""Objects about the outside: one file for each, at the path that is its name, loaded when a program names it."""
