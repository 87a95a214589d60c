"""WireGuard links as they are now, whoever runs them."""

from collections.abc import Callable

from netstrata.protocols.wireguard.device import Device, DeviceChange
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.wireguard.talk import KernelWireguard, ProgramWireguard


class WireguardDevices:
    """All of them.

    What is read is remembered until the turn of the event loop ends, with what we have changed meanwhile: five hundred
    peers that are added in one turn take one look.
    """

    __slots__ = ("_lookup", "_read", "_soon", "kernel", "programs")

    def __init__(self, requests: RequestSocket, lookup: LinkLookup, soon: Callable[[Callable[[], None]], bool]) -> None:
        """Take who knows links, and who calls something in the next turn of the event loop, if there is one."""
        self._lookup = lookup
        self._soon = soon
        self._read: dict[int, Device] = {}
        self.kernel = KernelWireguard(requests)
        self.programs = ProgramWireguard()

    def find(self, ifindex: int, operation: str) -> Device | None:
        """Return a device; None if the link is none of WireGuard.

        Raises: Unavailable also if the link is gone.
        """
        known = self._read.get(ifindex)
        if known is not None:
            return known
        link = self._lookup.read(ifindex, operation)
        if link.kind == "wireguard":
            found = self.kernel.read(ifindex, operation)
        elif link.kind == "tun" and self.programs.is_there(link.name):
            found = self.programs.read(link.name, operation)
        else:
            return None
        if self._read or self._soon(self._read.clear):
            self._read[ifindex] = found
        return found

    def change(self, ifindex: int, change: DeviceChange, operation: str) -> None:
        """Change a device.

        Raises: Unavailable.
        """
        link = self._lookup.read(ifindex, operation)
        try:
            if link.kind == "wireguard":
                self.kernel.change(ifindex, change, operation)
            else:
                self.programs.change(link.name, change, operation)
        except BaseException:
            self._read.pop(ifindex, None)  # who knows what has been done
            raise
        known = self._read.get(ifindex)
        if known is not None:
            known.apply(change)
