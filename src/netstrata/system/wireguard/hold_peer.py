"""The context manager that holds a peer: its name is looked up before it is added."""

from asyncio import sleep
from contextlib import nullcontext
from typing import Final

from netstrata.contract import Holder
from netstrata.ports.wireguard import WireguardPeer
from netstrata.protocols.wireguard.device import Endpoint
from netstrata.system.held import Leaving, Recovery
from netstrata.system.names import NameLookups, read_numeric, unresolved
from netstrata.system.wireguard.peers import HeldPeer, HeldPeers
from netstrata.values import Unavailable

_FIRST_S: Final = 1  # after which a name is looked up again; then twice as long
_MOST_S: Final = 30


class HoldPeer:
    """Hold a peer while the block runs; suspends only where it has a name."""

    __slots__ = ("_held", "_names", "_peer", "_peers", "_recovery", "_who")

    def __init__(
        self, peers: HeldPeers, peer: WireguardPeer, names: NameLookups, recovery: Recovery, who: Holder | None
    ) -> None:
        self._peers = peers
        self._peer = peer
        self._names = names
        self._recovery = recovery
        self._who = who
        self._held: HeldPeer | None = None

    def to_do(self, leaving: Leaving) -> list[str]:
        """Say what entering does once some have left."""
        return [self._peers.to_do((self._peer, None), leaving)]

    async def __aenter__(self) -> None:
        endpoint = await self._endpoint()
        self._held = self._peers.hold((self._peer, endpoint), self._who)

    async def __aexit__(self, *_: object) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._peers.release(held, self._who)

    async def _endpoint(self) -> Endpoint | None:
        """Return where the peer is looked for first; None if it must begin, or is there and is looked for already."""
        host, port = self._peer.host, self._peer.port
        numeric = read_numeric(host, port) if host else None
        if numeric is not None:
            return Endpoint(*numeric)
        return None if not host or self._peers.is_left(self._peer) else await self._resolved(host, port)

    async def _resolved(self, host: str, port: int) -> Endpoint:
        """Wait until the name has an address; while it is looked up once, nothing that was left is swept away."""
        wait_s = _FIRST_S
        told = ""
        while True:
            try:
                self._await(f"looks {host} up")
                with nullcontext() if told else self._recovery.claiming():
                    return Endpoint(*(await self._names.find(host, port))[0])
            except Unavailable as error:
                text = unresolved(host, error)
                if text != told and self._who is not None:
                    told = text
                    self._who.note(text)
            await sleep(wait_s)
            wait_s = min(2 * wait_s, _MOST_S)

    def _await(self, what: str) -> None:
        if self._who is not None:
            self._who.awaits(what)
