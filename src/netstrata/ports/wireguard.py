"""WireGuard: its links, and the peers of each."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from netstrata.contract.shapes.common import Network


class WireguardDevice(NamedTuple):
    """What a WireGuard link is to be; None is as it comes."""

    link: str
    private_key: bytes
    listen_port: int | None = None
    fwmark: int | None = None


class WireguardPeer(NamedTuple):
    """A peer to hold."""

    link: str
    public_key: bytes
    host: str = ""  # an address or a name; "": the peer must begin
    port: int = 0
    allowed: frozenset[Network] = frozenset()
    preshared_key: bytes = bytes(32)
    keepalive: int = 0  # seconds, 0 for none
    by_handshake: bool = False  # whether it is up by its handshakes, or since it is there


class PeerState(NamedTuple):
    """How a peer is.

    Shapes: endpoint is an address with a port, and address the former alone, "" if it has none; handshake is seconds
    since 1970, 0 if there was none; received and sent are bytes, as of then.
    """

    endpoint: str
    address: str
    handshake: int
    received: int
    sent: int


class Wireguard(Protocol):
    """WireGuard of the kernel, or of wireguard-go where the kernel has none."""

    def held_link(self, link: str) -> AbstractAsyncContextManager[None]:
        """Make a WireGuard link; deleted when the last holder leaves, unless it was there before.

        Raises: Unavailable.
        """

    def held_device(self, device: WireguardDevice) -> AbstractAsyncContextManager[None]:
        """Give a WireGuard link its key, port and mark; taken back at the end, unless it had them before.

        Raises: Unavailable also if it has another key.
        """

    def watch_port(self, link: str) -> AsyncGenerator[int, None]:
        """Say which UDP port a WireGuard link listens on: now, and when it is another one."""

    def held_peer(self, peer: WireguardPeer) -> AbstractAsyncContextManager[None]:
        """Add a peer to a WireGuard link; removed when the last holder leaves, unless it was there before.

        It waits until the peer's name has an address.
        Raises: Unavailable also if the link has another peer with one of its allowed IPs.
        """

    def watch_peer(self, peer: WireguardPeer) -> AsyncGenerator[PeerState | None, None]:
        """Say how a peer is that is held, None while it is down.

        It is said at its handshakes, when it has another address, and when no answer comes.
        """
