"""What the handshakes of a peer mean, looked at now and then: whether it is alive, and whether something is wrong.

While packets go to a peer there is a handshake every two minutes, and what was agreed on in one is used for three at
most; without any there are none, and nothing is wrong.  So what is wrong is a handshake that is wanted and does not
come: packets went out, if only those that ask for it.

Source: https://www.wireguard.com/protocol/ (REKEY_AFTER_TIME, REJECT_AFTER_TIME); wireguard-tools,
contrib/reresolve-dns/reresolve-dns.sh, which has 135 s.
"""

from typing import Final, NamedTuple

from netstrata.protocols.wireguard.device import Peer

DEAD_S: Final = 180  # after which nothing is taken by the keys of a handshake
STALE_S: Final = 135  # after which another one should have come
SILENT_S: Final = 10  # of asking, each 5 s, without an answer
AGAIN_S: Final = 30  # between two looks for a peer's address
WANTED_S: Final = 60  # after the last packet that went out


class Sight(NamedTuple):
    """How a peer is now.

    Shapes: silent says that a handshake has been asked for, for a while, and nothing came back; asks_again says that
    its address should be looked for again.
    """

    alive: bool
    silent: bool
    asks_again: bool


class Handshakes:
    """What was seen of one peer's.  Knows no clock: seconds of a clock that only goes on, and since 1970."""

    __slots__ = ("_at", "_grew_at", "_keepalive", "_looked_at", "_seen", "_sent", "_sought_at", "_wanted_since")

    def __init__(self, keepalive: int, now: float) -> None:
        """Begin now; with a keepalive, handshakes are always wanted."""
        self._keepalive = keepalive
        self._at = now  # when the last one was, or since when there is none
        self._seen = 0  # which it was, by the peer's words
        self._sent: int | None = None  # bytes, at the last look
        self._grew_at: float | None = None  # when that was last seen to be more, with no handshake that is good
        self._wanted_since: float | None = None
        self._looked_at = now
        self._sought_at = now

    def see(self, peer: Peer, now: float, wall: float) -> Sight:
        """Look at the peer."""
        self._know(peer, now, wall)
        age = now - self._at
        wanted = self._is_wanted(peer, now, stale=not self._seen or age > STALE_S)
        if not wanted:
            self._wanted_since = None
        elif self._wanted_since is None:
            self._wanted_since = now
        silent = self._wanted_since is not None and now - self._wanted_since >= SILENT_S
        asks_again = wanted and now - max(self._sought_at, self._at) >= AGAIN_S
        if asks_again:
            self._sought_at = now
        return Sight(bool(self._seen) and age < DEAD_S, silent, asks_again)

    def _know(self, peer: Peer, now: float, wall: float) -> None:
        """Know when the last handshake was, whatever has become of the clock meanwhile."""
        if peer.handshake != self._seen:
            age = max(0.0, wall - peer.handshake)
            self._at = now - (age if self._sent is None else min(age, now - self._looked_at))
            self._seen = peer.handshake
        self._looked_at = now

    def _is_wanted(self, peer: Peer, now: float, *, stale: bool) -> bool:
        """Say whether a handshake should come and does not."""
        if not stale:
            self._grew_at = None
        elif self._sent is not None and peer.sent > self._sent:
            self._grew_at = now
        self._sent = peer.sent
        return stale and (self._keepalive > 0 or (self._grew_at is not None and now - self._grew_at < WANTED_S))
