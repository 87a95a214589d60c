"""A WireGuard device, its peers, and what is to be another about them, whoever runs it."""

from base64 import b64encode
from typing import Final, NamedTuple

from netstrata.contract.shapes.common import Network
from netstrata.values import format_address

KEY_SIZE: Final = 32
NO_KEY: Final = bytes(KEY_SIZE)  # what stands where there is none


class Endpoint(NamedTuple):
    """Where a peer is reached: an address (packed), a UDP port, and for a link-local address the index of its link."""

    address: bytes
    port: int
    scope: int = 0

    @property
    def address_text(self) -> str:
        """The address alone."""
        return format_address(self.address).decode()

    def __str__(self) -> str:
        text = self.address_text
        scope = f"%{self.scope}" if self.scope else ""
        return f"{text}:{self.port}" if len(self.address) == 4 else f"[{text}{scope}]:{self.port}"


class Peer(NamedTuple):
    """A peer as it is.

    Shapes: handshake is when the last one was, seconds since 1970, 0 if there was none; keepalive is seconds, 0 for
    none; received and sent are bytes, with all that WireGuard adds.
    """

    preshared_key: bytes = NO_KEY
    endpoint: Endpoint | None = None
    keepalive: int = 0
    allowed: frozenset[Network] = frozenset()
    handshake: int = 0
    received: int = 0
    sent: int = 0


class PeerChange(NamedTuple):
    """What is to be another about a peer; None stays as it is."""

    public_key: bytes
    preshared_key: bytes | None = None
    endpoint: Endpoint | None = None
    keepalive: int | None = None
    allowed: frozenset[Network] | None = None  # all of them
    is_there: bool = False  # a peer that is not there is not made
    remove: bool = False


class DeviceChange(NamedTuple):
    """What is to be another about a device; None stays as it is, and so do peers that are not named."""

    private_key: bytes | None = None
    listen_port: int | None = None
    fwmark: int | None = None
    peers: tuple[PeerChange, ...] = ()


class Device:
    """A device as it was read, and as our own changes have made it since."""

    __slots__ = ("_owners", "fwmark", "listen_port", "peers", "private_key")

    def __init__(self, private_key: bytes = NO_KEY, listen_port: int = 0, fwmark: int = 0) -> None:
        """Take what it is; it has no peers yet, which are by public key."""
        self.private_key = private_key
        self.listen_port = listen_port
        self.fwmark = fwmark
        self.peers: dict[bytes, Peer] = {}
        self._owners: dict[Network, bytes] | None = None

    def owner(self, network: Network) -> bytes | None:
        """Return the public key of the peer that packets to a network go to: one network is one peer's."""
        if self._owners is None:
            self._owners = {one: key for key, peer in self.peers.items() for one in peer.allowed}
        return self._owners.get(network)

    def apply(self, change: DeviceChange) -> None:
        """Be as a change makes it."""
        if change.private_key is not None:
            self.private_key = clamp(change.private_key)
        if change.listen_port is not None:
            self.listen_port = change.listen_port
        if change.fwmark is not None:
            self.fwmark = change.fwmark
        for one in change.peers:
            self._apply(one)

    def _apply(self, change: PeerChange) -> None:
        key = change.public_key
        old = self.peers.get(key)
        if self._owners is not None and old is not None and (change.remove or change.allowed is not None):
            for network in old.allowed:
                if self._owners.get(network) == key:
                    del self._owners[network]
        if change.remove:
            self.peers.pop(key, None)
            return
        if old is None and change.is_there:
            return
        given = {
            word: value
            for word, value in change._asdict().items()
            if word in ("preshared_key", "endpoint", "keepalive", "allowed") and value is not None
        }
        self.peers[key] = (old or Peer())._replace(**given)
        if self._owners is not None and change.allowed is not None:
            self._owners.update(dict.fromkeys(change.allowed, key))


def clamp(private_key: bytes) -> bytes:
    """Return a private key as WireGuard keeps it; that there is none stays so.

    Source: RFC 7748 section 5; Linux, drivers/net/wireguard/noise.c, wg_noise_set_static_identity_private_key.
    """
    if private_key == NO_KEY:
        return private_key
    return bytes((private_key[0] & 248, *private_key[1:31], private_key[31] & 127 | 64))


def key_text(key: bytes) -> str:
    """Return a key as people write it."""
    return b64encode(key).decode("ascii")
