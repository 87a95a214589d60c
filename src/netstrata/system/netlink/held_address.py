"""One address that is held, and what is to be seen of it."""

import re
from typing import Final, NamedTuple

from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.protocols.rtnetlink import AddressMessage, encode_address
from netstrata.protocols.rtnetlink.address_options import difference, encode_options, option_words
from netstrata.protocols.rtnetlink.constants import IFA_F_DADFAILED, IFA_F_NODAD, IFA_F_OPTIMISTIC
from netstrata.system.held import Held
from netstrata.system.netlink.refusals import network_words

TAKEN: Final = "another host on the link has this address (duplicate address detection failed)"
UNCHECKED: Final = b"unchecked"  # the inverse of an address of which it is not known yet whether another host has it
_FLAGS: Final = {"nodad": IFA_F_NODAD, "optimistic": IFA_F_OPTIMISTIC}


AddressKey = tuple[int, bytes, int, bytes]  # link, address, prefix length, the other end or the address again


class Spec(NamedTuple):
    """An address to hold."""

    link: str
    address: bytes
    prefix: int
    options: Options = NO_OPTIONS  # by the words of `address_options`, and those about the check

    @property
    def operation(self) -> str:
        """What is to be done."""
        words = address_words(self.address, self.prefix, self.options.get("peer", self.address))
        return " ".join([f"add {words} to {self.link}", *option_words(self.options)])

    def key(self, ifindex: int) -> AddressKey:
        """Return what it is known by on its link."""
        return ifindex, self.address, self.prefix, self.options.get("peer", self.address)

    def waits(self, by_default: bool, is_taken: bool) -> bool:
        """Say whether its holder is up only when it can be used; so it is if another host had it just now."""
        is_checked = len(self.address) == 16 and not self.options.get("nodad")
        return is_checked and (is_taken or bool(self.options.get("wait", by_default)))


class HeldAddress(Held):
    """An address that is held; its link by index."""

    __slots__ = ("_flags", "connects", "is_deprecated", "is_doubtful", "key", "record", "spec")

    def __init__(self, spec: Spec, ifindex: int, *, waits: bool, cautious: bool) -> None:
        """Take what is wanted, whether that waits for the check, and whether another host had the address just now."""
        super().__init__()
        self.spec = spec
        self.key = spec.key(ifindex)
        self.connects = not spec.options.get("noprefixroute")  # there is to be a route to its network
        flags = sum(flag for word, flag in _FLAGS.items() if spec.options.get(word))
        self.is_deprecated = False  # as who has it granted says: see `leased`
        self.record = self._message(0)
        if cautious:
            flags &= ~IFA_F_OPTIMISTIC
        self._flags = flags
        self.is_doubtful = False  # nobody knows whether there was carrier when it was put there
        if waits:
            self.undo = UNCHECKED

    @property
    def request(self) -> bytes:
        """How it is wanted now, as bytes."""
        return self._message(self._flags)

    @property
    def options(self) -> Options:
        """How it is wanted now."""
        return {**self.spec.options, "preferred_lft": 0} if self.is_deprecated else self.spec.options

    def _message(self, flags: int) -> bytes:
        ifindex, options = self.key[0], self.options
        more = encode_options(options, flags)
        peer = options.get("peer", b"")
        return encode_address(ifindex, self.spec.address, self.spec.prefix, peer, options.get("scope"), more)

    @property
    def link(self) -> str:
        """The name its link had."""
        return self.spec.link

    @property
    def is_unchecked(self) -> bool:
        """Whether it is ours, and not known yet to be nobody else's."""
        return self.ours and self.undo == UNCHECKED

    @property
    def words(self) -> str:
        """The address and the name its link had."""
        _, address, prefix, peer = self.key
        return f"{address_words(address, prefix, peer)} on {self.link}"


def key_of(message: AddressMessage) -> AddressKey:
    """Return what an address that is there is known by."""
    return message.ifindex, message.local, message.prefix, message.address


def address_words(address: bytes, prefix: int, peer: bytes) -> str:
    """Return an address and its peer, if it has one, for people."""
    words = network_words(address, prefix)
    return words if peer == address else f"{words} with peer {network_words(peer, prefix)}"


def fault_of(held: HeldAddress, message: AddressMessage) -> str:
    """Say what is wrong with an address that is there, "" for nothing."""
    if message.flags & IFA_F_DADFAILED:
        return TAKEN
    noun = difference(held.options, message, held.ours)
    return f"someone changed its {noun}" if noun else ""


def keeps_marks(release: str) -> bool:
    """Say whether a kernel of a release keeps IFA_PROTO, as it does since Linux 5.18."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return found is not None and (int(found[1]), int(found[2])) >= (5, 18)
