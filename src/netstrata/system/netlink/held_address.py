"""One address that is held, and what is to be seen of it."""

import re
from typing import Final, NamedTuple

from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.protocols.rtnetlink import AddressMessage, encode_address
from netstrata.protocols.rtnetlink.constants import FOREVER, IFA_F_DADFAILED, IFA_F_NODAD, IFA_F_OPTIMISTIC
from netstrata.system.held import Held
from netstrata.system.netlink.refusals import network_words

TAKEN: Final = "another host on the link has this address (duplicate address detection failed)"
UNCHECKED: Final = b"unchecked"  # the inverse of an address of which it is not known yet whether another host has it
_FLAGS: Final = {"nodad": IFA_F_NODAD, "optimistic": IFA_F_OPTIMISTIC}


AddressKey = tuple[int, bytes, int]  # link, address, prefix length


class Spec(NamedTuple):
    """An address to hold."""

    link: str
    address: bytes
    prefix: int
    options: Options = NO_OPTIONS

    @property
    def operation(self) -> str:
        """What is to be done."""
        return f"add {network_words(self.address, self.prefix)} to {self.link}"

    def waits(self, by_default: bool, is_taken: bool) -> bool:
        """Say whether its holder is up only when it can be used; so it is if another host had it just now."""
        is_checked = len(self.address) == 16 and not self.options.get("nodad")
        return is_checked and (is_taken or bool(self.options.get("wait", by_default)))


class HeldAddress(Held):
    """An address that is held; its link by index."""

    __slots__ = ("is_doubtful", "key", "link", "record", "request")

    def __init__(self, spec: Spec, ifindex: int, *, waits: bool, cautious: bool) -> None:
        """Take what is wanted, whether that waits for the check, and whether another host had the address just now."""
        super().__init__()
        address, prefix = spec.address, spec.prefix
        self.key: AddressKey = (ifindex, address, prefix)
        self.link = spec.link
        self.record = encode_address(ifindex, address, prefix)
        flags = sum(flag for word, flag in _FLAGS.items() if spec.options.get(word))
        self.request = encode_address(ifindex, address, prefix, flags & ~IFA_F_OPTIMISTIC if cautious else flags)
        self.is_doubtful = False  # nobody knows whether there was carrier when it was put there
        if waits:
            self.undo = UNCHECKED

    @property
    def is_unchecked(self) -> bool:
        """Whether it is ours, and not known yet to be nobody else's."""
        return self.ours and self.undo == UNCHECKED

    @property
    def words(self) -> str:
        """The address and the name its link had."""
        return f"{network_words(self.key[1], self.key[2])} on {self.link}"


def fault_of(held: HeldAddress, message: AddressMessage) -> str:
    """Say what is wrong with an address that is there, "" for nothing."""
    if message.flags & IFA_F_DADFAILED:
        return TAKEN
    return "someone gave it a lifetime" if held.ours and message.preferred_s != FOREVER else ""


def lasts(message: AddressMessage) -> bool:
    """Say whether an address is there for ever."""
    return not message.flags & IFA_F_DADFAILED and message.preferred_s == FOREVER


def keeps_marks(release: str) -> bool:
    """Say whether a kernel of a release keeps IFA_PROTO, as it does since Linux 5.18."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return found is not None and (int(found[1]), int(found[2])) >= (5, 18)
