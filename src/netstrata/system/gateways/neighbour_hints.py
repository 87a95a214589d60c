"""What the kernel knows of a link's gateways: one that does not answer at all any more is a hint to ask at once.

Source: linux/neighbour.h, NUD_FAILED; Linux, net/core/neighbour.c, neigh_timer_handler.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from netstrata.protocols.rtnetlink import Answer, ask_neighbour, decode_neighbour, messages
from netstrata.protocols.rtnetlink.constants import AF_INET, AF_INET6, NUD_FAILED, RTM_GETNEIGH
from netstrata.system.held import Stop
from netstrata.system.held.wait_queues import NEIGHBOUR
from netstrata.values import Awaited, Unavailable

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink


class NeighbourHints:
    """Hears of the gateways of one link."""

    def __init__(self, netlink: "Netlink", ifindex: int, on_failed: Callable[[], None]) -> None:
        """Hear of none yet; on_failed is called when one is not found any more."""
        self._netlink = netlink
        self._ifindex = ifindex
        self._on_failed = on_failed
        self._stops: dict[bytes, Stop] = {}
        self._due: set[bytes] = set()

    def follow(self, addresses: set[bytes]) -> None:
        """Hear of these from now on."""
        for address in self._stops.keys() - addresses:
            self._stops.pop(address)()
        for address in addresses - self._stops.keys():
            awaited = Awaited(NEIGHBOUR, (self._ifindex, address))
            with suppress(Unavailable, OSError):  # nobody can listen now: there are questions all the same
                self._stops[address] = self._netlink.monitor.wait_queues.wait(
                    awaited, partial(self._look_soon, address)
                )

    def end(self) -> None:
        """Hear of them no more."""
        self.follow(set())

    def _look_soon(self, address: bytes) -> None:
        if address not in self._due and self._netlink.monitor.soon(partial(self._look, address)):
            self._due.add(address)

    def _look(self, address: bytes) -> None:
        self._due.discard(address)
        if address not in self._stops:
            return
        family = AF_INET if len(address) == 4 else AF_INET6
        found = self._netlink.requests.get(RTM_GETNEIGH, ask_neighbour(family, self._ifindex, address))
        if isinstance(found, Answer):
            return
        (one,) = messages(found, len(found))
        if decode_neighbour(found, one.start, one.end).state & NUD_FAILED:
            self._on_failed()
