"""The text that is kept of a lease, so that a client that starts again asks for the address it had.

It is a hint, never a truth: whoever can write the file may write anything.
"""

from math import inf
from typing import NamedTuple

from netstrata.values import format_ipv4, parse_ipv4


class Kept(NamedTuple):
    """An address of before, packed, and when its time is over: seconds since 1970, inf for never."""

    address: bytes
    expires: float


def read_kept(text: bytes) -> Kept | None:
    """Return what was kept; None if there is nothing, or nothing that makes sense."""
    words = dict(line.split(maxsplit=1) for line in text.split(b"\n") if len(line.split(maxsplit=1)) == 2)
    address = parse_ipv4(words.get(b"address", b"").strip())
    if address is None:
        return None
    try:
        expires = float(words.get(b"expires", b""))
    except ValueError:
        return None
    return Kept(address, expires) if expires == expires else None  # not a NaN


def write_kept(kept: Kept) -> bytes:
    """Return a lease as text."""
    expires = "inf" if kept.expires == inf else f"{kept.expires:.0f}"
    return f"address {format_ipv4(kept.address).decode()}\nexpires {expires}\n".encode("ascii")
