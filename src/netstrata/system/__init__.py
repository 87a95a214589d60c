"""The ports, over the real kernel, real children and real files."""
