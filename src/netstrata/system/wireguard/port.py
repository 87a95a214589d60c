"""The `Wireguard` port, called on behalf of one statement."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.ports.wireguard import PeerState, WireguardDevice, WireguardPeer
from netstrata.protocols.wireguard.device import Device
from netstrata.system.held import Hold, Recovery
from netstrata.system.names import NameLookups
from netstrata.system.netlink.watchers import Queue
from netstrata.system.wireguard.devices import WireguardDevices
from netstrata.system.wireguard.follower import PeerFollower
from netstrata.system.wireguard.hold_peer import HoldPeer
from netstrata.system.wireguard.keys import HeldDevice, HeldDevices
from netstrata.system.wireguard.link import HeldWireguardLink
from netstrata.system.wireguard.peers import HeldPeers
from netstrata.system.wireguard.rounds import DeviceRounds

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren
    from netstrata.system.netlink import Netlink


class WireguardStores:
    """All that is held of WireGuard."""

    def __init__(self, netlink: "Netlink", children: "RealChildren", recovery: Recovery) -> None:
        """Take who knows links and hears of them, and who starts programs."""
        self.links = netlink.links
        self.children = children
        self.recovery = recovery
        self.names = NameLookups()
        self.lookup = netlink.lookup
        self.devices = WireguardDevices(netlink.requests, netlink.lookup, netlink.monitor.soon)
        common = netlink.requests, netlink.monitor, netlink.lookup, recovery, self.devices
        self.keys = HeldDevices(*common)
        self.peers = HeldPeers(*common)
        self.rounds = DeviceRounds(netlink.monitor, self.devices)
        netlink.hear_links(self.keys.link_heard, self.peers.link_heard)


class WireguardPort:
    """The `Wireguard` port."""

    __slots__ = ("_stores", "_who")

    def __init__(self, stores: WireguardStores, who: Holder | None = None) -> None:
        self._stores = stores
        self._who = who

    def on_behalf_of(self, who: Holder) -> "WireguardPort":
        """Return the port for a statement."""
        return WireguardPort(self._stores, who)

    def held_link(self, link: str) -> HeldWireguardLink:
        """Make a WireGuard link: see `ports.Wireguard`."""
        stores = self._stores
        links = stores.links.on_behalf_of(self._who) if self._who is not None else stores.links
        return HeldWireguardLink(link, links, stores.children, stores.devices, self._who)

    def held_device(self, device: WireguardDevice) -> Hold[WireguardDevice, HeldDevice]:
        """Give a WireGuard link its key, port and mark: see `ports.Wireguard`."""
        return Hold(self._stores.keys, device, self._who)

    async def watch_port(self, link: str) -> AsyncGenerator[int, None]:
        """Say which UDP port a WireGuard link listens on: now, and when it is another one."""
        told: Queue[int] = Queue()
        last = [-1]

        def see(device: Device) -> bool:
            if device.listen_port != last[0]:
                last[0] = device.listen_port
                told.put(device.listen_port)
            return False

        ifindex = self._stores.lookup.index_of(link)
        self._stores.rounds.add(ifindex, see)
        try:
            while True:
                yield await told.take()
        finally:
            self._stores.rounds.remove(ifindex, see)

    def held_peer(self, peer: WireguardPeer) -> HoldPeer:
        """Add a peer: see `ports.Wireguard`."""
        stores = self._stores
        return HoldPeer(stores.peers, peer, stores.names, stores.recovery, self._who)

    async def watch_peer(self, peer: WireguardPeer) -> AsyncGenerator[PeerState | None, None]:
        """Say how a peer is that is held: see `ports.Wireguard`."""
        stores, who = self._stores, self._who
        assert who is not None
        held = stores.peers.held[stores.lookup.index_of(peer.link), peer.public_key]
        follower = PeerFollower(stores.peers, held, peer, stores.names, who)
        stores.rounds.add(held.ifindex, follower.see)
        try:
            while True:
                yield await follower.take()
        finally:
            stores.rounds.remove(held.ifindex, follower.see)
            follower.end()
