"""All gateways of a program, best first: each has a default route of its own, and the best one the route that counts.

Of each family one default route counts; another gateway's takes its place in front of it, before it goes, so that there
is one at every moment.  What each gateway has besides, with a metric that is worse than any, is for who binds to its
link, and for the time in which the kernel has taken the other one away.
"""

from asyncio import get_running_loop
from collections.abc import AsyncGenerator
from contextlib import suppress
from errno import EEXIST
from typing import TYPE_CHECKING, Final

from netstrata.contract import Holder
from netstrata.contract.shapes.gateway import KINDS
from netstrata.ports.gateways import Gateway
from netstrata.protocols.gateways import HIGH_METRIC, Merit, low_metric
from netstrata.system.gateways.default_route import DefaultRoute
from netstrata.system.held import Stop
from netstrata.system.netlink.watchers import Queue
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink

_CALM_S: Final = 10.0  # after which a route that is taken away is put back at once again
_AGAIN_S: Final = 10.0  # until a route that the kernel would not take is tried again, if nothing else says when


class _Uplink(Queue[bool]):
    """One gateway, and the statement that wants it used."""

    def __init__(self, gateway: Gateway, ifindex: int, seniority: int, who: Holder) -> None:
        super().__init__()
        self.gateway = gateway
        self.ifindex = ifindex
        self.seniority = seniority
        self.who = who
        self.place = 0
        self.low: DefaultRoute | None = None
        self.high: DefaultRoute | None = None  # of the preferred one
        self.problem = ""  # why it cannot be that, as told last
        self._lost_s = -_CALM_S
        self._told: bool | None = None

    def tell(self, is_preferred: bool) -> None:
        """Say whether it is the preferred one, if that is new."""
        if is_preferred != self._told:
            self._told = is_preferred
            self.put(is_preferred)

    def tell_problem(self, problem: str) -> None:
        """Say why it cannot be, if that is new."""
        if problem and problem != self.problem:
            self.who.note(problem)
        self.problem = problem

    def is_calm(self) -> bool:
        """Say, of what is lost just now, whether it was not lost a moment ago, too."""
        before, self._lost_s = self._lost_s, get_running_loop().time()
        return self._lost_s >= before + _CALM_S

    @property
    def merit(self) -> Merit:
        """How good it is."""
        gateway = self.gateway
        return Merit(False, gateway.preference, KINDS.index(gateway.kind), self.seniority)

    @property
    def is_usable(self) -> bool:
        """Whether the kernel has a route over it."""
        return self.low is not None and self.low.is_active


class _Family:
    """The gateways of one address family."""

    def __init__(self, netlink: "Netlink", family: int) -> None:
        self.uplinks: list[_Uplink] = []
        self._netlink = netlink
        self._family = family
        self._preferred: _Uplink | None = None  # the one whose route counts
        self._waits: list[Stop] = []  # until the preferred one can become it

    def enter(self, uplink: _Uplink) -> None:
        """Give a gateway its own route, and the one that counts if it is the best.

        Raises: Unavailable.
        """
        taken = {one.place for one in self.uplinks if one.ifindex == uplink.ifindex}
        uplink.place = next(place for place in range(len(taken) + 1) if place not in taken)
        uplink.low = self._route(uplink, low_metric(uplink.ifindex, uplink.place), self._low_lost)
        uplink.low.add()
        self.uplinks.append(uplink)
        self.settle()

    def leave(self, uplink: _Uplink) -> None:
        """Use a gateway no more: another one has become the preferred one before its routes go."""
        if uplink in self.uplinks:
            self.uplinks.remove(uplink)
            self.settle()
        if uplink.low is not None:
            uplink.low.remove()

    def settle(self) -> None:
        """Have the default route that counts lead over the best gateway that the kernel takes; say which that is."""
        self._wait_no_more()
        self._choose()
        for uplink in self.uplinks:
            uplink.tell(uplink is self._preferred)

    def _choose(self) -> None:
        for uplink in sorted((one for one in self.uplinks if one.is_usable), key=lambda one: one.merit):
            try:
                self._promote(uplink)
            except Unavailable as error:
                uplink.tell_problem(str(error))
                self._wait(error)
                if error.errno == EEXIST:
                    break  # nor would another one be let in
            else:
                uplink.tell_problem("")
                return
        if self._preferred is not None and self._preferred not in self.uplinks:
            self._demote()

    def _promote(self, uplink: _Uplink) -> None:
        old = self._preferred
        if uplink is old:
            return
        route = self._route(uplink, HIGH_METRIC[self._family], self._high_lost)
        route.add(old.high if old is not None else None)
        uplink.high, self._preferred = route, uplink
        if old is not None:
            old.high = None

    def _demote(self) -> None:
        old, self._preferred = self._preferred, None
        if old is not None and old.high is not None:
            old.high.remove()
            old.high = None

    def _route(self, uplink: _Uplink, metric: int, on_lost: "_OnLost") -> DefaultRoute:
        return DefaultRoute(
            self._netlink.route_store, uplink.gateway, metric, uplink.who, lambda reason: on_lost(uplink, reason)
        )

    def _low_lost(self, uplink: _Uplink, reason: Unavailable) -> None:
        """Put back what was taken away; the statement falls if that is done again soon, or it cannot be put back."""
        if uplink.is_calm() and uplink.low is not None:
            with suppress(Unavailable):
                uplink.low.add()
                uplink.who.note(f"{reason}; it was put back")
                return
        uplink.who.lost(reason)

    def _high_lost(self, uplink: _Uplink, reason: Unavailable) -> None:
        """Have a default route that counts again: at once, or a while after it was taken away for the second time."""
        uplink.high = self._preferred = None
        if uplink.is_calm():
            get_running_loop().call_soon(self.settle)  # what else is lost is known by then
        else:
            uplink.who.note(f"{reason}; it is put back in {_AGAIN_S:g} s")
            uplink.tell(False)
            self._try_later()

    def _wait(self, error: Unavailable) -> None:
        """Try again when what is in the way is gone."""
        for awaited in error.awaits:
            self._waits.append(self._netlink.monitor.wait_queues.wait(awaited, self.settle))
        self._try_later()

    def _try_later(self) -> None:
        self._waits.append(get_running_loop().call_later(_AGAIN_S, self.settle).cancel)

    def _wait_no_more(self) -> None:
        waits, self._waits = self._waits, []
        for stop in waits:
            stop()


if TYPE_CHECKING:
    from collections.abc import Callable

    _OnLost = Callable[[_Uplink, Unavailable], None]


class RankedGateways:
    """All gateways of this program."""

    def __init__(self, netlink: "Netlink") -> None:
        self._netlink = netlink
        self._families = {family: _Family(netlink, family) for family in (4, 6)}
        self._count = 0

    async def watch(self, gateway: Gateway, who: Holder) -> AsyncGenerator[bool, None]:
        """Hold a default route over a gateway while this is iterated; say whether it is the preferred one.

        Raises: Unavailable.
        """
        ifindex = self._netlink.lookup.index_of(gateway.link)
        if not ifindex:
            raise Unavailable(f"use {gateway.link} as an uplink", "there is no such link")
        self._count += 1
        uplink = _Uplink(gateway, ifindex, self._count, who)
        family = self._families[gateway.family]
        try:
            family.enter(uplink)
            while True:
                yield await uplink.take()
        finally:
            family.leave(uplink)
