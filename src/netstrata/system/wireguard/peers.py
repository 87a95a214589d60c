"""Peers of WireGuard links, one by one.

One that is left is removed some turns of the event loop later, unless it is wanted again, otherwise: then it is changed
where it differs, by one message, and goes on with what it has agreed on.
"""

import errno
from typing import Final

from netstrata.contract import Holder
from netstrata.ports.wireguard import WireguardPeer
from netstrata.protocols.wireguard.device import Device, DeviceChange, Endpoint, PeerChange
from netstrata.system.held import Behind, Recovery
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.refusals import network_words
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.wireguard.devices import WireguardDevices
from netstrata.system.wireguard.parts import INDEX, WireguardPart, WireguardParts, peer_words
from netstrata.values import Unavailable

_TURNS: Final = 4  # of the event loop in which a statement that is changed has begun anew


class HeldPeer(WireguardPart):
    """A peer that is held; its endpoint is where it is asked for first."""

    __slots__ = ("endpoint", "is_moved", "spec")

    def __init__(self, spec: WireguardPeer, endpoint: Endpoint | None, ifindex: int) -> None:
        super().__init__(spec.link, ifindex, spec.public_key)
        self.spec = spec
        self.endpoint = endpoint
        self.undo = _undo_of(spec)
        self.is_moved = False  # who has held it before asked for it elsewhere

    @property
    def words(self) -> str:
        """The peer, with its link."""
        return f"{peer_words(self.spec.public_key)} of {self.link}"


class HeldPeers(WireguardParts[tuple[WireguardPeer, Endpoint | None], HeldPeer]):
    """Peers."""

    __slots__ = ("_parting",)
    kind = "wireguard-peer"

    def __init__(
        self,
        requests: RequestSocket,
        monitor: Monitor,
        lookup: LinkLookup,
        recovery: Recovery,
        devices: WireguardDevices,
    ) -> None:
        super().__init__(requests, monitor, lookup, recovery, devices)
        self._parting: dict[bytes, tuple[HeldPeer, int]] = {}  # that nobody holds any more, with numbers in the journal

    def operation(self, spec: tuple[WireguardPeer, Endpoint | None]) -> str:
        """Return what is to be done."""
        return f"add {peer_words(spec[0].public_key)} to {spec[0].link}"

    def prepare(self, spec: tuple[WireguardPeer, Endpoint | None]) -> HeldPeer:
        """Find the link."""
        return HeldPeer(*spec, self._index_of(spec[0].link, self.operation(spec)))

    def is_left(self, peer: WireguardPeer) -> bool:
        """Say whether a peer is there still from a daemon, or a statement, before this one: it has its endpoint."""
        record = INDEX.pack(self._lookup.index_of(peer.link)) + peer.public_key
        parting = self._parting.get(record)
        if parting is not None:
            return parting[0].undo == _undo_of(peer)
        return self._recovery.has(self.kind, record)

    def share(self, held: HeldPeer, made: HeldPeer) -> None:
        """See that it is the same peer."""
        if held.spec._replace(by_handshake=False) != made.spec._replace(by_handshake=False):
            raise Unavailable(f"add {made.words}", "this program holds it otherwise already", errno.EEXIST)

    def look(self, held: HeldPeer) -> None:
        """See whether it is there, and whether nobody else has its networks: they would be taken away."""
        operation = f"add {held.words}"
        device = self._device_of(held, operation)
        if held.spec.public_key in device.peers:
            reason = self._difference(held, device)
            if reason:
                raise Unavailable(operation, f"it is there, but with another {reason}", errno.EEXIST)
            held.ours = False
            return
        for network in sorted(held.spec.allowed):
            owner = device.owner(network)
            if owner is not None:
                raise Unavailable(operation, f"{network_words(*network)} is of {peer_words(owner)}", errno.EEXIST)

    def do(self, held: HeldPeer) -> None:
        """Add a peer; no other one is named."""
        spec = held.spec
        change = PeerChange(spec.public_key, spec.preshared_key, held.endpoint, spec.keepalive, spec.allowed)
        self._devices.change(held.ifindex, DeviceChange(peers=(change,)), f"add {held.words}")

    def lead_to(self, held: HeldPeer, endpoint: Endpoint) -> None:
        """Have a peer asked for elsewhere, which changes nothing else about it.

        Raises: Unavailable.
        """
        change = PeerChange(held.spec.public_key, endpoint=endpoint, is_there=True)
        self._devices.change(held.ifindex, DeviceChange(peers=(change,)), f"look for {held.words} at {endpoint}")

    def mend(self, held: HeldPeer) -> bool:
        """Change what a daemon before us has made otherwise: the peer goes on with what it has agreed on."""
        device = self._device_of(held, f"add {held.words}")
        there = device.peers.get(held.spec.public_key)
        if there is None or any(device.owner(one) not in (None, held.spec.public_key) for one in held.spec.allowed):
            return False
        spec = held.spec
        change = PeerChange(
            spec.public_key,
            spec.preshared_key if spec.preshared_key != there.preshared_key else None,
            held.endpoint if held.is_moved else None,
            spec.keepalive if spec.keepalive != there.keepalive else None,
            spec.allowed if spec.allowed != there.allowed else None,
            is_there=True,
        )
        self._devices.change(held.ifindex, DeviceChange(peers=(change,)), f"change {held.words}")
        return True

    def undo(self, key: bytes, undo: bytes) -> None:
        """Remove a peer."""
        [ifindex] = INDEX.unpack_from(key)
        public_key = key[INDEX.size :]
        operation = f"remove {peer_words(public_key)} from {self._requests.name_of(ifindex)}"
        device = self._found(ifindex, operation)
        if device is not None and public_key in device.peers:
            gone = PeerChange(public_key, is_there=True, remove=True)
            self._devices.change(ifindex, DeviceChange(peers=(gone,)), operation)

    def part(self) -> None:
        """Remove what nobody holds any more."""
        while self._parting:
            record, (held, number) = self._parting.popitem()
            try:
                self.undo(record, held.undo)
            except (Unavailable, MemoryError):
                self._recovery.leave(number, self.kind, record, held.undo, None, done=True)
            else:
                self._recovery.journal.undone(number)

    def _undo_held(self, held: HeldPeer) -> None:
        if not self._part_in(_TURNS):
            super()._undo_held(held)
            return
        self._parting[held.record] = held, held.number
        held.number = 0  # its entry in the journal stays until it is removed

    def _part_in(self, turns: int) -> bool:
        return self._monitor.soon(self.part if turns == 1 else lambda: self._part_again(turns - 1))

    def _part_again(self, turns: int) -> None:
        if self._parting and not self._part_in(turns):
            self.part()

    def _take(self, held: HeldPeer, who: Holder | None) -> str:
        found = self._parting.pop(held.record, None)
        if any(one.spec.allowed & held.spec.allowed for one, _ in self._parting.values()):
            self.part()
        if found is not None:
            old, number = found
            self._recovery.give_back(Behind(number, self.kind, held.record, old.undo, "", True))
        return super()._take(held, who)

    def _was_so(self, held: HeldPeer, undo: bytes) -> bool:
        held.is_moved = undo not in (b"", held.undo)
        return not held.is_moved

    def _difference(self, held: HeldPeer, device: Device) -> str:
        spec, there = held.spec, device.peers.get(held.spec.public_key)
        if there is None:
            return "peer"
        if there.allowed != spec.allowed:
            return "allowed IP"
        if there.preshared_key != spec.preshared_key:
            return "preshared key"
        return "keepalive" if there.keepalive != spec.keepalive else ""

    def _is_there(self, held: HeldPeer, device: Device) -> bool:
        return held.spec.public_key in device.peers


def _undo_of(peer: WireguardPeer) -> bytes:
    """Return what the undo journal has besides: where the peer was asked for."""
    return f"{peer.host} {peer.port}".encode("utf-8", "surrogateescape")
