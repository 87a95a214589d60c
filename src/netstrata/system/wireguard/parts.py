"""What is held of WireGuard links, as far as it is alike: nobody tells of a change, so it is looked at again."""

import errno
from struct import Struct
from typing import Final, TypeVar

from netstrata.ports.wireguard import WireguardDevice, WireguardPeer
from netstrata.protocols.wireguard.device import Device, Endpoint, key_text
from netstrata.system.held import GONE, Held, Recovery
from netstrata.system.held.wait_queues import LINK
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.untold_store import UntoldStore
from netstrata.system.wireguard.devices import WireguardDevices
from netstrata.values import Awaited, Unavailable

INDEX: Final = Struct("=I")
_SHOWN: Final = 10  # characters of a public key, for people


class WireguardPart(Held):
    """Something that is held of a WireGuard link."""

    __slots__ = ("ifindex", "key", "link", "record")

    def __init__(self, link: str, ifindex: int, public_key: bytes = b"") -> None:
        super().__init__()
        self.link = link
        self.ifindex = ifindex
        self.key = ifindex, public_key
        self.record = INDEX.pack(ifindex) + public_key


S = TypeVar("S", WireguardDevice, tuple[WireguardPeer, Endpoint | None])
H = TypeVar("H", bound=WireguardPart)


class WireguardParts(UntoldStore[S, H]):
    """All of one kind that are held of WireGuard links."""

    __slots__ = ("_devices",)

    def __init__(
        self,
        requests: RequestSocket,
        monitor: Monitor,
        lookup: LinkLookup,
        recovery: Recovery,
        devices: WireguardDevices,
    ) -> None:
        super().__init__(requests, monitor, lookup, recovery)
        self._devices = devices

    def loss_of(self, held: H) -> Unavailable | None:
        """Look for it; of one that nobody tells of now, nothing is known before the next round."""
        operation = f"hold {held.words}"
        self._lookup.body(held.ifindex, operation)
        try:
            device = self._devices.find(held.ifindex, operation)
        except Unavailable as error:
            if error.errno in GONE:
                raise
            return None
        reason = "the link is none of WireGuard any more" if device is None else self._difference(held, device)
        if not reason:
            return None
        held.gone = device is None or not self._is_there(held, device)
        return Unavailable(operation, "someone removed it" if held.gone else f"someone changed {reason}")

    def stands(self, held: H, undo: bytes) -> bool:
        """Say whether it is there as it is wanted, and asked for where it was."""
        device = self._devices.find(held.ifindex, f"look at {held.words}")
        return device is not None and self._was_so(held, undo) and not self._difference(held, device)

    def _found(self, ifindex: int, operation: str) -> Device | None:
        """Return a device; None if its link is gone, or none of WireGuard.

        Raises: Unavailable if that cannot be known now.
        """
        try:
            return self._devices.find(ifindex, operation)
        except Unavailable as error:
            if error.errno not in GONE:
                raise
            return None

    def _device_of(self, held: H, operation: str) -> Device:
        """Return the device of something as it is.

        Raises: Unavailable if it is none.
        """
        found = self._devices.find(held.ifindex, operation)
        if found is None:
            reason = f"{held.link} is no WireGuard link"
            raise Unavailable(operation, reason, errno.EOPNOTSUPP, (Awaited(LINK, held.ifindex),))
        return found

    def _was_so(self, held: H, undo: bytes) -> bool:
        """Say whether a daemon before us, with that inverse, has asked for the same."""
        raise NotImplementedError

    def _difference(self, held: H, device: Device) -> str:
        """Return what is not as it is wanted, for people; "" if all is."""
        raise NotImplementedError

    def _is_there(self, held: H, device: Device) -> bool:
        raise NotImplementedError


def peer_words(public_key: bytes) -> str:
    """Return `peer JikGkEyL9c…`."""
    return f"peer {key_text(public_key)[:_SHOWN]}…"
