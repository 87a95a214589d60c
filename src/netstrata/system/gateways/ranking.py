"""All gateways of a program, best first: each has a default route of its own, and the best one the route that counts.

Of each family one default route counts; another gateway's takes its place in front of it, before it goes, so that there
is one at every moment.  What each gateway has besides, with a metric that is worse than any, is for who binds to its
link, and for the time in which the kernel has taken the other one away.
"""

from asyncio import get_running_loop
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, suppress
from errno import EEXIST
from functools import partial
from typing import TYPE_CHECKING, Final

from netstrata.contract import Holder
from netstrata.contract.shapes.gateway import KINDS, WIFI
from netstrata.ports.gateways import Gateway, UplinkFacts
from netstrata.protocols.gateways import HIGH_METRIC, low_metric
from netstrata.system.gateways.advertised import AdvertisedRouter
from netstrata.system.gateways.by_source import SourceRouting
from netstrata.system.gateways.held_for_uplink import AGAIN_S, HeldForUplink
from netstrata.system.gateways.link_answers import LinkAnswers
from netstrata.system.gateways.pinned import PinnedServer
from netstrata.system.gateways.ranked_uplink import RankedUplink
from netstrata.system.gateways.wifi_signals import WifiSignals
from netstrata.system.held import LeftInPlace, Stop
from netstrata.system.netlink.ipv6_obstacles import why_nothing_of_routers
from netstrata.system.netlink.named_link import named_link
from netstrata.values import Awaited, Unavailable

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink

_PREFERRED: Final = "preferred"
_SERVER: Final = "server"
_ADDRESSES: Final = 3  # the layer of what an uplink stands on
_NO_SIGNAL_DBM: Final = -100.0
_CLEARLY_DB: Final = 8.0


class _Family:
    """The gateways of one address family."""

    def __init__(self, netlink: "Netlink", family: int, signals: WifiSignals, on_settled: Callable[[], None]) -> None:
        self.uplinks: list[RankedUplink] = []
        self._on_settled = on_settled
        self._answers = LinkAnswers()
        self._netlink = netlink
        self._family = family
        self._signals = signals
        self._preferred: RankedUplink | None = None  # the one whose route counts
        self._leaving: RankedUplink | None = None  # that one, if it has left only to come again
        self._left: LeftInPlace | None = None  # what it has left then
        self._waits: dict[Awaited | None, Stop] = {}  # for what is in the way of the best one; None: some time

    def enter(self, uplink: RankedUplink) -> None:
        """Give a gateway its own route, and the one that counts if it is the best.

        Raises: Unavailable.
        """
        taken = {one.place for one in self.uplinks if one.ifindex == uplink.ifindex}
        uplink.place = next(place for place in range(len(taken) + 1) if place not in taken)
        number = low_metric(uplink.ifindex, uplink.place)
        uplink.low = self._kept(uplink, number, self._low_lost)
        uplink.low.add()
        uplink.by_source = SourceRouting(self._netlink, uplink.route(0, number), uplink.ifindex, uplink.who)
        if uplink.gateway.server:
            uplink.pinned = PinnedServer(self._netlink, uplink.gateway.server, uplink.who, self.settle, self._try_later)
        self.uplinks.append(uplink)
        self._route_by_source()
        if self._left is not None and self._leaving is not None and self._leaving.ifindex == uplink.ifindex:
            self._left.end()
        else:
            self.settle()

    def leave(self, uplink: RankedUplink) -> None:
        """Use a gateway no more: another one has become the preferred one before its routes go.

        What counts stays for a moment if its statement is to begin again.
        """
        if uplink not in self.uplinks:
            self._let_go(uplink)
            return
        if uplink is self._preferred and uplink.who.is_redone_above(_ADDRESSES):
            self._leaving = uplink
            self._left = LeftInPlace(self._netlink.recovery, partial(self._have_left, uplink))
        self.uplinks.remove(uplink)
        self.settle()
        self._route_by_source()
        self._let_go(uplink)

    def _have_left(self, uplink: RankedUplink) -> None:
        """Let the one go that has left only to come again: it has, or does not."""
        if uplink is self._leaving:
            self._leaving = self._left = None
            self.settle()
            self._let_go(uplink)

    def _let_go(self, uplink: RankedUplink) -> None:
        """Have nothing left of what a gateway has but the default route that counts, and the way there meanwhile."""
        if uplink.pinned is not None and uplink is not self._leaving:
            uplink.pinned.end()
        if uplink.by_source is not None:
            uplink.by_source.end()
        if uplink.low is not None:
            uplink.low.remove()

    def _route_by_source(self) -> None:
        """Have connections keep their link, if there are others: over its best gateway."""
        best: dict[int, RankedUplink] = {}
        for uplink in sorted(self.uplinks, key=self._merit):
            best.setdefault(uplink.ifindex, uplink)
        meant = list(best.values()) if len(best) > 1 else []
        for uplink in meant:
            if uplink.by_source is not None:
                uplink.by_source.begin()
        for uplink in self.uplinks:
            if uplink.by_source is not None and uplink not in meant:
                uplink.by_source.end()

    def settle(self) -> None:
        """Have the default route that counts lead over the best gateway that the kernel takes; say which that is."""
        self._wait_no_more()
        self._pin()
        self._choose()
        for uplink in self.uplinks:
            uplink.tell(uplink is self._preferred)
        self._on_settled()

    def place_of(self, link: str) -> int | None:
        """Return how many uplinks come before the best one over a link, None if there is none over it."""
        ranked = sorted(self.uplinks, key=lambda one: (one is not self._preferred, self._merit(one)))
        return next((place for place, one in enumerate(ranked) if one.gateway.link == link), None)

    def _ranked(self) -> list[RankedUplink]:
        return sorted((one for one in self.uplinks if one.is_usable), key=self._merit)

    def _pin(self) -> None:
        """Have the servers of tunnels reached over the best uplink that is none."""
        under = next((one for one in self._ranked() if one.pinned is None), None)
        for uplink in self.uplinks:
            if uplink.pinned is not None:
                try:
                    uplink.pinned.follow(under.route(0) if under else None, under.ifindex if under else 0)
                except Unavailable as error:
                    uplink.tell_problem(_SERVER, str(error))
                    self._wait(error)
                else:
                    uplink.tell_problem(_SERVER, "")

    def _choose(self) -> None:
        if self._leaving is not None and self._preferred is not None:
            return  # the kernel has what it had
        for uplink in self._ranked():
            try:
                self._promote(uplink)
            except Unavailable as error:
                uplink.tell_problem(_PREFERRED, str(error))
                self._wait(error)
                if error.errno == EEXIST:
                    break  # nor would another one be let in
            else:
                uplink.tell_problem(_PREFERRED, "")
                return
        if self._preferred is not None and self._preferred not in self.uplinks:
            self._demote()

    def replace(self, uplink: RankedUplink, address: bytes | None) -> None:
        """Use another router of an uplink's link, or none for now; what counts leads over the old one until then."""
        if address is None:
            self.leave(uplink)
            link = uplink.gateway.link
            obstacle = why_nothing_of_routers(self._netlink.requests, uplink.ifindex, link)
            uplink.who.awaits(f"a router advertisement on {link}{obstacle}")
            uplink.tell(None)
            return
        if uplink in self.uplinks:
            self.uplinks.remove(uplink)
        self._let_go(uplink)
        uplink.gateway = uplink.gateway._replace(address=address)
        try:
            self.enter(uplink)
        except Unavailable as error:
            self.settle()
            uplink.who.lost(error)

    def standing(self) -> Iterator[UplinkFacts]:
        """Say how each stands among the others, the best first."""
        for one in sorted(self.uplinks, key=lambda one: (not one.is_usable, self._merit(one))):
            said = self._answers.of(one.ifindex)
            problem, signal = one.problem(_PREFERRED), self._signal(one)
            is_preferred = one is self._preferred
            yield UplinkFacts(one.gateway, one.ifindex, one.who, is_preferred, one.is_usable, said, problem, signal)

    def believe(self, asker: object, ifindex: int, is_dead: bool) -> None:
        """Know what somebody who asks says of a link."""
        if self._answers.believe(asker, ifindex, not is_dead):
            self.settle()

    def forget(self, asker: object) -> None:
        """Know that somebody asks no more whether anything gets through over a link."""
        if self._answers.forget(asker):
            self.settle()

    def _merit(self, uplink: RankedUplink) -> tuple[bool, int, int, float, int]:
        """Return what decides which of several is preferred: the smallest; at last, whoever was there first."""
        gateway = uplink.gateway
        found = self._answers.of(uplink.ifindex)
        is_dead = found is not None and not found.gets_through
        return is_dead, gateway.preference, KINDS.index(gateway.kind), self._weakness(uplink), uplink.seniority

    def _signal(self, uplink: RankedUplink) -> float | None:
        return self._signals.level(uplink.ifindex) if uplink.gateway.kind == WIFI else None

    def _weakness(self, uplink: RankedUplink) -> float:
        """Return how little of a Wi-Fi network is received: another one must be clearly better than the preferred."""
        signal = self._signal(uplink)
        if signal is None:
            return -_NO_SIGNAL_DBM
        return -signal - (_CLEARLY_DB if uplink is self._preferred else 0.0)

    def _promote(self, uplink: RankedUplink) -> None:
        old = self._preferred
        route = self._kept(uplink, HIGH_METRIC[self._family], self._high_lost)
        if uplink is old and uplink.high is not None and uplink.high.is_same(route):
            return
        route.add(old.high if old is not None else None)
        if old is not None:
            old.high = None
        uplink.high, self._preferred = route, uplink

    def _demote(self) -> None:
        old, self._preferred = self._preferred, None
        if old is not None and old.high is not None:
            old.high.remove()
            old.high = None

    def _kept(self, uplink: RankedUplink, metric: int, on_lost: "_OnLost") -> HeldForUplink:
        lost = partial(on_lost, uplink)
        return HeldForUplink(self._netlink.route_store, uplink.route(metric), uplink.who, lost)

    def _low_lost(self, uplink: RankedUplink, reason: Unavailable) -> None:
        """Put back what was taken away; the statement falls if that is done again soon, or it cannot be put back."""
        if uplink.low is None or not uplink.low.put_back(reason):
            uplink.who.lost(reason)

    def _high_lost(self, uplink: RankedUplink, reason: Unavailable) -> None:
        """Have a default route that counts again: at once, or a while after it was taken away for the second time."""
        uplink.high = self._preferred = None
        is_fight = uplink.calm.is_disturbed()
        get_running_loop().call_soon(self._settle_after, uplink, reason, is_fight)  # what else is lost is known by then

    def _settle_after(self, uplink: RankedUplink, reason: Unavailable, is_fight: bool) -> None:
        if is_fight and uplink.is_usable and self._preferred is None:
            uplink.who.note(f"{reason}; it is put back in {AGAIN_S:g} s")
            uplink.tell(False)
            self._try_later()
            return
        self.settle()
        if self._preferred is uplink:
            uplink.who.note(f"{reason}; it was put back")

    def _wait(self, error: Unavailable) -> None:
        """Try again when what is in the way is gone, and in a while."""
        for awaited in error.awaits:
            if awaited not in self._waits:
                with suppress(Unavailable, OSError):  # nobody can listen now
                    self._waits[awaited] = self._netlink.monitor.wait_queues.wait(awaited, self.settle)
        self._try_later()

    def _try_later(self) -> None:
        if None not in self._waits:
            self._waits[None] = get_running_loop().call_later(AGAIN_S, self.settle).cancel

    def _wait_no_more(self) -> None:
        waits, self._waits = self._waits, {}
        for stop in waits.values():
            stop()


if TYPE_CHECKING:
    _OnLost = Callable[[RankedUplink, Unavailable], None]


class RankedGateways:
    """All gateways of this program."""

    def __init__(self, netlink: "Netlink") -> None:
        self._netlink = netlink
        signals = self._signals = WifiSignals(netlink, self._settle)
        self._families = {family: _Family(netlink, family, signals, self._changed) for family in (4, 6)}
        self._count = 0
        self._calls: list[Callable[[], None]] = []

    def place_of(self, link: str) -> int:
        """Return how many uplinks come before the best one over a link, 0 if there is none over it."""
        found = [family.place_of(link) for family in self._families.values()]
        return min((place for place in found if place is not None), default=0)

    def subscribe(self, call: Callable[[], None]) -> Stop:
        """Call whenever another uplink may be the preferred one; return how to do so no more."""
        self._calls.append(call)
        return lambda: self._calls.remove(call)

    def _changed(self) -> None:
        for call in list(self._calls):
            call()

    async def watch(self, gateway: Gateway, who: Holder) -> AsyncGenerator[bool | None, None]:
        """Hold a default route over a gateway while this is iterated; say whether it is the preferred one.

        Raises: Unavailable.
        """
        family = self._families[gateway.family]
        with self.named(gateway.link, f"use {gateway.link} as an uplink", who) as ifindex:
            self._count += 1
            uplink = RankedUplink(gateway, ifindex, self._count, who)
            router = AdvertisedRouter(self._netlink, ifindex, lambda address: family.replace(uplink, address))
            if gateway.kind == WIFI:
                self._signals.add(ifindex)
            try:
                if gateway.advertised:
                    router.begin()
                else:
                    family.enter(uplink)
                while True:
                    yield await uplink.take()
            finally:
                router.end()
                if gateway.kind == WIFI:
                    self._signals.remove(ifindex)
                family.leave(uplink)

    def standing(self) -> list[UplinkFacts]:
        """Say how all uplinks stand, of each family the best first."""
        return [facts for family in self._families.values() for facts in family.standing()]

    def _settle(self) -> None:
        for family in self._families.values():
            family.settle()

    def hops(self, family: int, ifindex: int) -> set[bytes]:
        """Return the addresses of the gateways of a link, of one family."""
        there = self._families[family].uplinks
        return {one.gateway.address for one in there if one.ifindex == ifindex and one.gateway.address is not None}

    def believe(self, family: int, asker: object, ifindex: int, is_dead: bool) -> None:
        """Know what somebody who asks says of a link: while it is dead, its gateways count after all others."""
        self._families[family].believe(asker, ifindex, is_dead)

    def forget(self, family: int, asker: object) -> None:
        """Know that somebody says nothing of a link any more."""
        self._families[family].forget(asker)

    def named(self, link: str, operation: str, who: Holder | None) -> AbstractContextManager[int]:
        """Know which link has a name; who asks has lost it when that is another one, or none.

        Raises: Unavailable.
        """
        return named_link(self._netlink.lookup, self._netlink.monitor, link, operation, who)
