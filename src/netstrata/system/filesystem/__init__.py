"""Paths and files of this machine: where one leads, how one is written whole, and that it stays as it was written."""
