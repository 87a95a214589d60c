"""The addresses that are there, as the kernel shows them: of a link, or all, once in a turn of the event loop."""

import errno
import os
from collections.abc import Iterable

from netstrata.contract.shapes.route import is_link_local
from netstrata.protocols.rtnetlink import AddressMessage, ask_addresses, decode_address, messages
from netstrata.protocols.rtnetlink.constants import RTM_GETADDR, RTM_NEWADDR, RTPROT_NETSTRATA
from netstrata.system.held import GONE
from netstrata.system.netlink.detection import is_tentative
from netstrata.system.netlink.held_address import AddressKey, keeps_marks, key_of
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable


class AddressTable:
    """Reads addresses, and whose they are."""

    __slots__ = ("_marks", "_monitor", "_requests", "_snapshot")

    def __init__(self, requests: RequestSocket, monitor: Monitor) -> None:
        self._requests = requests
        self._monitor = monitor
        self._snapshot: dict[AddressKey, AddressMessage] | None = None
        self._marks = keeps_marks(os.uname().release)  # else it is seen: the kernel's own addresses have some, too

    def read(self, ifindex: int, seen: dict[AddressKey, AddressMessage]) -> bool:
        """Read the addresses of one link, or of all if it is 0; return whether that can be relied on."""
        dump = self._requests.dump(RTM_GETADDR, ask_addresses(0, ifindex))
        for data in dump.datagrams:
            for message in messages(data, len(data)):
                if message.type == RTM_NEWADDR:
                    found = decode_address(data, message.start, message.end)
                    seen[key_of(found)] = found
        return dump.complete and (dump.answer is None or dump.answer.errno in GONE)

    def of_link(self, ifindex: int) -> Iterable[AddressMessage] | None:
        """Return the addresses of one link, or of all if it is 0; None if they cannot be read now."""
        seen: dict[AddressKey, AddressMessage] = {}
        return seen.values() if self.read(ifindex, seen) else None

    def link_local(self, ifindex: int) -> bytes | None:
        """Return the link-local address of a link, if it can be used."""
        there = self.of_link(ifindex) or ()
        return next((one.local for one in there if is_link_local(one.local) and not is_tentative(one)), None)

    def seen(self, key: AddressKey) -> AddressMessage | None:
        """Return how an address is now, None if that cannot be known."""
        seen: dict[AddressKey, AddressMessage] = {}
        return seen.get(key) if self.read(key[0], seen) else None

    def present(self, operation: str) -> dict[AddressKey, AddressMessage]:
        """Return the addresses that are there, or were when they were read in this turn of the event loop.

        Raises: Unavailable if they cannot be read now.
        """
        found = self._snapshot
        if found is None:
            found = {}
            if not self.read(0, found):
                raise Unavailable(operation, "the addresses cannot be read now", errno.EAGAIN)
            self._marks = self._marks or any(one.protocol for one in found.values())
            if self._monitor.soon(self.forget):
                self._snapshot = found
        return found

    def forget(self) -> None:
        """Read anew what is asked for next."""
        self._snapshot = None

    def is_ours(self, message: AddressMessage) -> bool:
        """Say whether an address bears our mark, or the kernel keeps none, as before 5.18."""
        return message.protocol == RTPROT_NETSTRATA or (not message.protocol and not self._marks)
