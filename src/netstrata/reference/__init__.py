"""Declarations as text for people: one page each, an index, and the whole reference as Markdown."""

from netstrata.reference.markdown import reference
from netstrata.reference.text import index, page

__all__ = ["index", "page", "reference"]
