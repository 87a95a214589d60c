"""Which addresses another manager has claimed, by the protocol that the kernel keeps with each (IFA_PROTO).

Who changes one without saying a protocol, as ip does, takes our mark from it, too, and claims nothing.
Of an IPv6 address nothing is told when only that changes (Linux 6.18): they are read before one is deleted, once in a
turn.
"""

from collections.abc import Callable, Iterable

from netstrata.protocols.rtnetlink import AddressMessage
from netstrata.protocols.rtnetlink.constants import RTPROT_NETSTRATA
from netstrata.system.netlink.held_address import AddressKey, key_of
from netstrata.system.netlink.monitor import Monitor


class Claims:
    """The addresses that others have claimed, as of this turn of the event loop."""

    __slots__ = ("_found", "_monitor", "_read")

    def __init__(self, monitor: Monitor, read: Callable[[], Iterable[AddressMessage]]) -> None:
        """Take how all addresses are read."""
        self._monitor = monitor
        self._read = read
        self._found: set[AddressKey] | None = None

    def has(self, key: AddressKey) -> bool:
        """Say whether an address has been claimed, perhaps without a word."""
        found = self._found
        if found is None:
            found = {key_of(one) for one in self._read() if is_claim(one)}
            if self._monitor.soon(self._forget):
                self._found = found
        return key in found

    def _forget(self) -> None:
        self._found = None


def is_claim(message: AddressMessage) -> bool:
    """Say whether an address bears the mark of another manager."""
    return message.protocol not in (0, RTPROT_NETSTRATA)
