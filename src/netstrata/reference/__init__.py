"""Declarations as text for people: one page each, and an index."""

from netstrata.reference.text import index, page

__all__ = ["index", "page"]
