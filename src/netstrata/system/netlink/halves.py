"""By what a link that we have made, and the other half of a pair, is known again."""

from collections.abc import Mapping
from typing import NamedTuple


class LinkIdentity(NamedTuple):
    """What a link takes along when it moves, and may get anew while it stays."""

    kind: str
    name: str
    mac: bytes

    def is_of(self, other: "LinkIdentity") -> bool:
        """Say whether this can be the same link."""
        return self.kind == other.kind and (self.name == other.name or (self.mac == other.mac != b""))

    def was_of(self, other: "LinkIdentity") -> bool:
        """Say whether this can be the same link, which nobody has followed since: a bridge has a MAC of its ports."""
        return self.is_of(other) or (self.kind == other.kind == "bridge" and self.mac != b"")


def write_halves(here: Mapping[int, LinkIdentity]) -> bytes:
    """Write what of a link is here, for the undo journal."""
    lines = (f"{index} {one.kind} {one.mac.hex()} {one.name}" for index, one in here.items())
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def read_halves(undo: bytes) -> dict[int, LinkIdentity]:
    """Read what `write_halves` has written."""
    halves: dict[int, LinkIdentity] = {}
    for line in undo.decode("utf-8", "surrogateescape").split("\n"):
        ifindex, kind, mac, name = line.split(" ", 3)
        halves[int(ifindex)] = LinkIdentity(kind, name, bytes.fromhex(mac))
    return halves
