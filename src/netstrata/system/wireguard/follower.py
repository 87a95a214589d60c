"""One peer that is held: how it is, where it is looked for, and what is wrong with it."""

import time
from asyncio import Task, get_running_loop
from typing import Final

from netstrata.contract import Holder
from netstrata.ports.wireguard import PeerState, WireguardPeer
from netstrata.protocols.wireguard.device import Device, Endpoint, Peer
from netstrata.protocols.wireguard.handshakes import Handshakes, Sight
from netstrata.system.names import NameLookups, read_numeric, unresolved
from netstrata.system.netlink.watchers import Queue
from netstrata.system.wireguard.parts import peer_words
from netstrata.system.wireguard.peers import HeldPeer, HeldPeers
from netstrata.values import Unavailable

_EAGER_S: Final = 10.0  # in which a handshake is looked for often, after something has changed


class PeerFollower(Queue[PeerState | None]):
    """Tells how a peer is whenever that is new."""

    def __init__(self, peers: HeldPeers, held: HeldPeer, spec: WireguardPeer, names: NameLookups, who: Holder) -> None:
        """Take the peer as it is held, and who looks names up."""
        super().__init__()
        self._peers = peers
        self._held = held
        self._spec = spec
        self._names = names
        self._who = who
        self._now = get_running_loop().time
        self._begun = time.time()
        self._handshakes = Handshakes(spec.keepalive, self._now())
        self._told: PeerState | None = None
        self._eager_until = self._now() + _EAGER_S
        self._silent = False
        self._trouble = ""
        self._unresolved = ""  # why its name had no address, the last time
        self._looking: Task[None] | None = None
        who.awaits(f"waits for a handshake with {peer_words(spec.public_key)}")

    def end(self) -> None:
        """Look for it no more."""
        if self._looking is not None:
            self._looking.cancel()

    def see(self, device: Device) -> bool:
        """Look at the device; return whether a handshake is expected."""
        peer = device.peers.get(self._spec.public_key)
        if peer is None:  # it is lost, which is told
            return False
        now = self._now()
        sight = self._handshakes.see(peer, now, time.time())
        self._tell_trouble(peer, sight)
        self._tell(peer, sight)
        if sight.asks_again and self._held.ours:
            self._look_for(peer)
        return not sight.alive and now < self._eager_until

    def _tell(self, peer: Peer, sight: Sight) -> None:
        before = self._told
        if self._spec.by_handshake and not sight.alive:
            if before is not None:
                self._told = None
                self.put(None)
            return
        endpoint, address = ("", "") if peer.endpoint is None else (str(peer.endpoint), peer.endpoint.address_text)
        falls_silent = sight.silent and not self._silent
        self._silent = sight.silent
        if before is None or (endpoint, peer.handshake) != (before.endpoint, before.handshake) or falls_silent:
            self._told = PeerState(endpoint, address, peer.handshake, peer.received, peer.sent)
            self.put(self._told)

    def _tell_trouble(self, peer: Peer, sight: Sight) -> None:
        """Say what is wrong, once, and that it is not any more."""
        words = peer_words(self._spec.public_key)
        if sight.alive and not sight.silent:
            if self._trouble:
                self._trouble = self._unresolved = ""
                self._who.mended(f"a handshake with {words} again, at {peer.endpoint}")
            return
        falls = self._spec.by_handshake and self._told is not None
        if not sight.silent and not falls:
            return
        since = time.strftime("%H:%M:%S", time.localtime(peer.handshake or self._begun))
        why = f"nothing came back from {peer.endpoint}" if sight.silent else "nothing was sent that asks for one"
        if peer.endpoint is None:
            why = "it has no endpoint, so it must begin"
        elif self._unresolved:
            why = self._unresolved
        text = f"no handshake with {words} since {since}: {why}"
        if text != self._trouble or falls:  # the last line before it falls is why
            self._trouble = text
            self._who.note(text)

    def _look_for(self, peer: Peer) -> None:
        """Ask for its address again, if it has a name."""
        spec = self._spec
        if self._looking is None and spec.host and read_numeric(spec.host, spec.port) is None:
            self._looking = get_running_loop().create_task(self._follow_name(spec, peer.endpoint))

    async def _follow_name(self, spec: WireguardPeer, now: Endpoint | None) -> None:
        try:
            found = [Endpoint(*one) for one in await self._names.find(spec.host, spec.port)]
            self._unresolved = ""
            following = found[(found.index(now) + 1) % len(found)] if now in found else found[0]
            if following != now:
                self._peers.lead_to(self._held, following)
                self._eager_until = self._now() + _EAGER_S
        except Unavailable as error:
            self._unresolved = unresolved(spec.host, error)
        finally:
            self._looking = None
