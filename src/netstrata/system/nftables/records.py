"""What is written of one thing in a packet filter into the undo journal, and what tells whose it is."""

import time
from ast import literal_eval
from typing import NamedTuple

BY_WORDS = "words"  # the kind of what has no handle in nftables


class FilterEntry(NamedTuple):
    """Something that is made: by which words, and what it is; elements have no handle but that of their table.

    Shapes: of what is only intended, handle is the highest one that there was; of_table is 0 if there was no table.
    Of what is known by its words, handle is -1 if there was no copy of it before, else how many rules there were, and 0
    once it is made.
    """

    key: str
    kind: str
    family: str
    table: str
    name: str
    of_table: int
    handle: int
    made: bool = False
    says: bytes = b""  # of a rule, as the kernel told it
    comment: bytes = b""


def journal_kind(kind: str) -> str:
    """Return what the journal calls a kind of thing."""
    return "iptables" if kind == BY_WORDS else f"nft {kind}"


def encode_key(key: str) -> bytes:
    """Return words as the journal has them."""
    return key.encode("utf-8", "surrogateescape")


def encode_entry(entry: FilterEntry) -> bytes:
    """Return an entry as the journal has it; no two are equal, for there may be many things of the same words."""
    return repr((time.monotonic_ns(), *entry[1:])).encode("utf-8", "surrogateescape")


def decode_entry(key: bytes, undo: bytes) -> FilterEntry | None:
    """Return what was written; None if it makes no sense."""
    try:
        _, *fields = literal_eval(undo.decode("utf-8", "surrogateescape"))
        return FilterEntry(key.decode("utf-8", "surrogateescape"), *fields)
    except (ValueError, SyntaxError, TypeError):
        return None
