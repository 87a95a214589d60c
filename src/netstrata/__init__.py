"""A network configuration daemon whose configuration is a program."""
