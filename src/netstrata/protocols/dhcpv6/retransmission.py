"""When a question that nobody has answered is asked again.

Source: RFC 8415 sections 7.6 and 15.
"""

from math import inf
from typing import NamedTuple


class Timing(NamedTuple):
    """How one kind of message is repeated: seconds, and how often at most (0: without an end)."""

    initial: float  # IRT
    most: float = inf  # MRT
    times: int = 0  # MRC
    lasts: float = inf  # MRD


SOLICIT = Timing(1, 3600)
REQUEST = Timing(1, 30, 5)  # the RFC says 10, which is three minutes with a server that offers and dies
CONFIRM = Timing(1, 4, 0, 10)
RENEW = Timing(10, 600)
REBIND = Timing(10, 600)
INFORMATION_REQUEST = Timing(1, 3600)
DECLINE = Timing(1, inf, 4)
ELAPSED_MOST = 0xFFFF


class Exchange(NamedTuple):
    """One question that is being asked.  Times are of the driver's clock."""

    xid: int
    began: float
    asked: float  # last
    sent: int = 0
    wait: float = 0.0  # RT

    @property
    def elapsed(self) -> int:
        """Return for how long it has been asked, in hundredths of a second (option 8)."""
        return min(ELAPSED_MOST, max(0, int((self.asked - self.began) * 100)))


def begin(now: float, chance: float) -> Exchange:
    """Begin a question, which was not asked yet."""
    return Exchange(int(chance * 0x1000000) & 0xFFFFFF, now, now)


def is_over(exchange: Exchange, timing: Timing, now: float) -> bool:
    """Say whether it was asked often and long enough."""
    return 0 < timing.times <= exchange.sent or now - exchange.began >= timing.lasts


def ask(exchange: Exchange, timing: Timing, now: float, chance: float) -> Exchange:
    """Ask once more, and know how long an answer is waited for.

    The first SOLICIT is waited for a little longer, never a little less, so that all servers have their second.
    """
    spread = (chance - 0.5) / 5
    if not exchange.sent:
        wait = timing.initial * (1 + (abs(spread) if timing == SOLICIT else spread))
    else:
        wait = exchange.wait * (2 + spread)
    if wait > timing.most:
        wait = timing.most * (1 + spread)
    wait = min(wait, max(0.0, exchange.began + timing.lasts - now))
    return exchange._replace(asked=now, sent=exchange.sent + 1, wait=wait)
