"""What is held of WireGuard links: the key of each, and peers.  Nobody tells of a change: they are looked at again.

Keys never stand in the undo journal: of a private key it has a digest, of a peer its public key.
"""

import errno
from hashlib import blake2s
from struct import Struct
from typing import Final, TypeVar

from netstrata.ports.wireguard import WireguardDevice, WireguardPeer
from netstrata.protocols.rtnetlink import LinkMessage
from netstrata.protocols.wireguard.device import (
    NO_KEY,
    Device,
    DeviceChange,
    Endpoint,
    PeerChange,
    clamp,
    key_text,
)
from netstrata.system.held import GONE, Held, Recovery
from netstrata.system.held.wait_queues import LINK
from netstrata.system.netlink.link_store import LinkStore
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.refusals import network_words, no_link
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.wireguard.devices import WireguardDevices
from netstrata.values import Awaited, Unavailable

_INDEX = Struct("=I")
_FOUND = Struct("=16sHI")  # digest of our private key; the port and the mark that were there
_SHOWN: Final = 10  # characters of a public key, for people


class WireguardPart(Held):
    """Something that is held of a WireGuard link."""

    __slots__ = ("ifindex", "key", "link", "record")

    def __init__(self, link: str, ifindex: int, public_key: bytes = b"") -> None:
        super().__init__()
        self.link = link
        self.ifindex = ifindex
        self.key = ifindex, public_key
        self.record = _INDEX.pack(ifindex) + public_key


class HeldDevice(WireguardPart):
    """The key, port and mark of a link."""

    __slots__ = ("spec",)

    def __init__(self, spec: WireguardDevice, ifindex: int) -> None:
        super().__init__(spec.link, ifindex)
        self.spec = spec

    @property
    def words(self) -> str:
        """The link, and what it is told."""
        return f"the key of {self.link}"


class HeldPeer(WireguardPart):
    """A peer that is held; its endpoint is where it is asked for first."""

    __slots__ = ("endpoint", "spec")

    def __init__(self, spec: WireguardPeer, endpoint: Endpoint | None, ifindex: int) -> None:
        super().__init__(spec.link, ifindex, spec.public_key)
        self.spec = spec
        self.endpoint = endpoint
        self.undo = f"{spec.host} {spec.port}".encode("utf-8", "surrogateescape")

    @property
    def words(self) -> str:
        """The peer, with its link."""
        return f"{peer_words(self.spec.public_key)} of {self.link}"


S = TypeVar("S", WireguardDevice, tuple[WireguardPeer, Endpoint | None])
H = TypeVar("H", bound=WireguardPart)


class _Parts(LinkStore[S, H]):
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

    def added(self, held: H) -> None:
        """Look at it now and then."""
        self._monitor.look_again()

    def on_round(self) -> None:
        """Note of what nobody would tell."""
        self.suspects.update(dict.fromkeys(self.held.values(), 0))
        if self.held:
            self._monitor.look_again()

    def link_heard(self, kind: int, link: LinkMessage) -> None:
        """Note that a link has gone, or is another one."""
        self.suspects.update({held: 0 for held in self.held.values() if held.ifindex == link.ifindex})

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

    def _index_of(self, link: str, operation: str) -> int:
        ifindex = self._lookup.index_of(link)
        if not ifindex:
            raise no_link(operation, link)
        return ifindex

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


class HeldDevices(_Parts[WireguardDevice, HeldDevice]):
    """The keys, ports and marks of links."""

    __slots__ = ()
    kind = "wireguard"

    def operation(self, spec: WireguardDevice) -> str:
        """Return what is to be done."""
        return f"set the key of {spec.link}"

    def prepare(self, spec: WireguardDevice) -> HeldDevice:
        """Find the link."""
        return HeldDevice(spec, self._index_of(spec.link, self.operation(spec)))

    def share(self, held: HeldDevice, made: HeldDevice) -> None:
        """See that it is the same."""
        if held.spec != made.spec:
            raise Unavailable(f"set {made.words}", "this program has set another one", errno.EEXIST)

    def look(self, held: HeldDevice) -> None:
        """See whether it is so already."""
        operation = f"set {held.words}"
        device = self._device_of(held, operation)
        if device.private_key == NO_KEY:
            held.undo = _FOUND.pack(_digest(held.spec.private_key), device.listen_port, device.fwmark)
            return
        reason = self._difference(held, device)
        if reason:
            raise Unavailable(operation, f"it has another {reason}", errno.EEXIST)
        held.ours = False

    def do(self, held: HeldDevice) -> None:
        """Set what is asked for."""
        self._change(held, self._device_of(held, f"set {held.words}"))

    def mend(self, held: HeldDevice) -> bool:
        """Set it in the place of what a daemon before us has set; peers and what they have agreed on stay."""
        device = self._device_of(held, f"set {held.words}")
        digest, *found = _FOUND.unpack(held.undo) if held.undo else (b"",)
        if digest != _digest(device.private_key):
            return False
        held.undo = _FOUND.pack(_digest(held.spec.private_key), *found)
        self._change(held, device)
        return True

    def undo(self, key: bytes, undo: bytes) -> None:
        """Take the key away, if it is ours, and have the port and the mark that were there."""
        [ifindex] = _INDEX.unpack(key)
        digest, port, mark = _FOUND.unpack(undo)
        operation = f"take the key of {self._requests.name_of(ifindex)} away"
        device = self._devices.find(ifindex, operation)
        if device is not None and _digest(device.private_key) == digest:
            mark_change = mark if device.fwmark != mark else None
            port_change = port if device.listen_port != port else None
            self._devices.change(ifindex, DeviceChange(NO_KEY, port_change, mark_change), operation)

    def _change(self, held: HeldDevice, device: Device) -> None:
        """Set what is another one: who gets a key anew, if it is the same, ends what was agreed on (Linux 6.1)."""
        spec = held.spec
        key = clamp(spec.private_key)
        change = DeviceChange(
            key if key != device.private_key else None,
            spec.listen_port if spec.listen_port != device.listen_port else None,
            spec.fwmark if spec.fwmark != device.fwmark else None,
        )
        self._devices.change(held.ifindex, change, f"set {held.words}")

    def _was_so(self, held: HeldDevice, undo: bytes) -> bool:
        if undo:
            held.undo = undo
        return not undo or _FOUND.unpack(undo)[0] == _digest(held.spec.private_key)

    def _difference(self, held: HeldDevice, device: Device) -> str:
        spec = held.spec
        if device.private_key != clamp(spec.private_key):
            return "private key"
        if spec.listen_port not in (None, 0, device.listen_port):
            return "port"
        return "mark" if spec.fwmark not in (None, device.fwmark) else ""

    def _is_there(self, held: HeldDevice, device: Device) -> bool:
        return device.private_key != NO_KEY


class HeldPeers(_Parts[tuple[WireguardPeer, Endpoint | None], HeldPeer]):
    """Peers."""

    __slots__ = ()
    kind = "wireguard-peer"

    def operation(self, spec: tuple[WireguardPeer, Endpoint | None]) -> str:
        """Return what is to be done."""
        return f"add {peer_words(spec[0].public_key)} to {spec[0].link}"

    def prepare(self, spec: tuple[WireguardPeer, Endpoint | None]) -> HeldPeer:
        """Find the link."""
        return HeldPeer(*spec, self._index_of(spec[0].link, self.operation(spec)))

    def is_left(self, peer: WireguardPeer) -> bool:
        """Say whether a daemon before us has left a peer that nobody has taken over yet."""
        ifindex = self._lookup.index_of(peer.link)
        return self._recovery.has(self.kind, _INDEX.pack(ifindex) + peer.public_key)

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
            held.endpoint,
            spec.keepalive if spec.keepalive != there.keepalive else None,
            spec.allowed if spec.allowed != there.allowed else None,
            is_there=True,
        )
        self._devices.change(held.ifindex, DeviceChange(peers=(change,)), f"change {held.words}")
        return True

    def undo(self, key: bytes, undo: bytes) -> None:
        """Remove a peer."""
        [ifindex] = _INDEX.unpack_from(key)
        public_key = key[_INDEX.size :]
        operation = f"remove {peer_words(public_key)} from {self._requests.name_of(ifindex)}"
        device = self._devices.find(ifindex, operation)
        if device is not None and public_key in device.peers:
            gone = PeerChange(public_key, is_there=True, remove=True)
            self._devices.change(ifindex, DeviceChange(peers=(gone,)), operation)

    def _was_so(self, held: HeldPeer, undo: bytes) -> bool:
        return not undo or undo == held.undo

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


def peer_words(public_key: bytes) -> str:
    """Return `peer JikGkEyL9c…`."""
    return f"peer {key_text(public_key)[:_SHOWN]}…"


def _digest(private_key: bytes) -> bytes:
    return (
        blake2s(clamp(private_key), digest_size=16, person=b"netstrwg").digest() if private_key != NO_KEY else b"none"
    )
