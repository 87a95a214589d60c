"""Shapes: what an argument or a variable looks like; one file for each subject, and what many subjects share."""
