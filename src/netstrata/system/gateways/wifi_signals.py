"""How well Wi-Fi uplinks receive their access points, read while there are several: the kernel tells of no change.

Its one notification (NL80211_CMD_NOTIFY_CQM) has a single threshold for each link, which the supplicant sets to roam.
"""

from asyncio import get_running_loop
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from netstrata.protocols import nl80211
from netstrata.protocols.rtnetlink import Malformed, messages
from netstrata.protocols.rtnetlink.constants import NLMSG_DONE
from netstrata.system.netlink.generic import GenericFamily
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import TimerHandle

    from netstrata.system.netlink import Netlink

_EACH_S: Final = 5.0
_NEWS_DB: Final = 1.0  # less is none
_OF_NEW: Final = 0.25  # how much a reading counts against those before it: people walk past


class WifiSignals:
    """Reads the signals of some links."""

    def __init__(self, netlink: "Netlink", on_change: Callable[[], None]) -> None:
        """Read nothing yet; on_change is called when some are others."""
        self._netlink = netlink
        self._on_change = on_change
        self._links: Counter[int] = Counter()
        self._levels: dict[int, float] = {}  # in dBm, of those that are in a network
        self._told: dict[int, float] = {}  # the same, when somebody was told last
        self._family: GenericFamily | None = None
        self._timer: TimerHandle | None = None

    def add(self, ifindex: int) -> None:
        """Read a link's from now on, if there are others; counted."""
        self._links[ifindex] += 1
        if len(self._links) > 1 and self._links[ifindex] == 1:
            self._look()

    def remove(self, ifindex: int) -> None:
        """Take back one `add`."""
        self._links[ifindex] -= 1
        if not self._links[ifindex]:
            del self._links[ifindex]
            self._levels.pop(ifindex, None)
        if len(self._links) < 2:
            self._levels.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._family is not None:
                self._family.close()
                self._family = None

    def level(self, ifindex: int) -> float | None:
        """Return the signal of a link in dBm, None if it is not known, or nothing to compare it with."""
        return self._levels.get(ifindex)

    def _look(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = get_running_loop().call_later(_EACH_S, self._look_again)
        for ifindex in self._links:
            level, before = self._read(ifindex), self._levels.get(ifindex)
            if level is None:
                self._levels.pop(ifindex, None)
            else:
                self._levels[ifindex] = level if before is None else before + _OF_NEW * (level - before)

    def _look_again(self) -> None:
        self._look()
        is_same = self._told.keys() == self._levels.keys()
        if not is_same or any(abs(level - self._told[link]) >= _NEWS_DB for link, level in self._levels.items()):
            self._told = dict(self._levels)
            self._on_change()

    def _read(self, ifindex: int) -> int | None:
        if self._family is None:
            self._family = GenericFamily(self._netlink.requests, nl80211.FAMILY, "2.6.24")
        try:
            dump = self._family.dump(nl80211.ask_stations(ifindex), "read the signal of a link")
            for data in dump.datagrams:
                for one in messages(data, len(data)):
                    if one.type != NLMSG_DONE:
                        return nl80211.decode_station(data, one.start, one.end).signal_dbm
        except (Unavailable, Malformed, OSError):
            pass  # no Wi-Fi in this kernel, or not now
        return None
