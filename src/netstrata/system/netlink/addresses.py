"""Addresses of either family on links."""

import errno
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from functools import partial

from netstrata.contract import Holder
from netstrata.ports.kernel import DynamicAddress
from netstrata.protocols.rtnetlink import (
    AddressMessage,
    LinkMessage,
    RouteMessage,
    attribute,
    decode_address,
    encode_address,
)
from netstrata.protocols.rtnetlink.address_options import difference
from netstrata.protocols.rtnetlink.constants import (
    AF_INET6,
    FOREVER,
    IFA_F_DADFAILED,
    IFA_F_NOPREFIXROUTE,
    IFA_FLAGS,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    RTM_DELADDR,
    RTM_NEWADDR,
    RTNLGRP_IPV4_IFADDR,
    RTNLGRP_IPV4_ROUTE,
    RTNLGRP_IPV6_IFADDR,
    RTNLGRP_IPV6_ROUTE,
    RTNLGRP_LINK,
)
from netstrata.protocols.rtnetlink.wire import U32
from netstrata.system.held import GONE, NO_RECOVERY, Loss, Recovery, Store, Unanswered, tell
from netstrata.system.held.wait_queues import ADDRESS, ADDRESSES, LINK
from netstrata.system.netlink.address_table import AddressTable
from netstrata.system.netlink.claims import Claims, is_claim
from netstrata.system.netlink.connected import ConnectedRoutes, Way, network_of
from netstrata.system.netlink.deprecation import Deprecation
from netstrata.system.netlink.detection import Detections, is_tentative
from netstrata.system.netlink.dynamic import Dynamic, DynamicWatchers
from netstrata.system.netlink.heard_routes import Place
from netstrata.system.netlink.held_address import (
    TAKEN,
    AddressKey,
    HeldAddress,
    Spec,
    address_words,
    fault_of,
    key_of,
)
from netstrata.system.netlink.ipv6_obstacles import why_nothing_of_routers, with_obstacle
from netstrata.system.netlink.lookup import IndexOf
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.promotion import Promotion
from netstrata.system.netlink.refusals import ADDRESS_WORDS, network_words, no_link, refused, until_ipv6_is_on
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.subnets import Subnets
from netstrata.values import Awaited, Unavailable

_GROUPS = (RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_LINK)
_FEW = 16  # links to look at one by one; more are looked at in one go

Key = AddressKey


class NetlinkAddresses(Store[Spec, HeldAddress], Subscriber):
    """The `Addresses` port over rtnetlink."""

    __slots__ = (
        "_claims", "_deprecation", "_detections", "_dynamic", "_index_of", "_missing", "_monitor", "_overrun",
        "_promotion", "_requests", "_subnets", "_taken", "_waits", "_watched", "connected", "leased", "left", "table",
    )  # fmt: skip
    kind = "address"
    bears_mark = True

    def __init__(
        self,
        requests: RequestSocket,
        monitor: Monitor,
        index_of: IndexOf,
        recovery: Recovery = NO_RECOVERY,
        waits: bool = True,
    ) -> None:
        """Prepare to hold addresses.

        Shapes: waits says whether who holds an IPv6 address is up only when it can be used, if that was not asked for.
        """
        super().__init__(recovery)
        self._waits = waits
        self._taken: set[Key] = set()  # addresses that other hosts had when they were checked last
        self._detections = Detections(requests, monitor, self._put_anew, self._doubt)
        self._requests = requests
        self.table = AddressTable(requests, monitor)
        self._index_of = index_of
        self._monitor = monitor
        self._watched = 0
        self._dynamic = DynamicWatchers(self.table.of_link)
        self.connected = ConnectedRoutes(requests)
        self._promotion = Promotion(requests, recovery)
        self._subnets = Subnets(monitor, self.table.of_link)
        self._deprecation = Deprecation(requests, self.held.values, self._doubt)
        self.leased = self._deprecation.leased
        self._claims = Claims(monitor, lambda: self.table.of_link(0) or ())
        self._overrun = False
        self._missing: dict[Key, Way] = {}  # routes of the kernel itself that are gone, by whose they were
        self.left: list[Callable[[AddressMessage], None]] = []  # told of each address that is gone
        monitor.subscribe(self, RTM_NEWADDR, RTM_DELADDR)

    def prepare(self, spec: Spec) -> HeldAddress:
        """Find the link."""
        ifindex = self._index_of(spec.link)
        if not ifindex:
            raise no_link(spec.operation, spec.link)
        is_taken = spec.key(ifindex) in self._taken
        held = HeldAddress(spec, ifindex, waits=spec.waits(self._waits, is_taken), cautious=is_taken)
        self._deprecation.prepare(held)
        return held

    def operation(self, spec: Spec) -> str:
        """Return what is to be done."""
        return spec.operation

    def listen(self, held: HeldAddress) -> None:
        """Subscribe to addresses, and to routes for those that the kernel makes for each."""
        self._join()
        self._monitor.widen(Place(network_of(held.key)))

    def unlisten(self, held: HeldAddress) -> None:
        """Take back one `listen`."""
        self._monitor.narrow(Place(network_of(held.key)))
        if held.ours and self._claims.has(held.key):
            self._is_theirs(held)
        self._leave()

    def _is_theirs(self, held: HeldAddress) -> None:
        """Leave an address to another manager, who has claimed it since it was made."""
        if held.ours:
            held.ours = False
            self._recovery.journal.undone(held.number)
            held.number = 0
            for who in held.holders:
                who.note(f"{held.words} is another manager's now, too: it stays")

    def do(self, held: HeldAddress) -> None:
        """Add an address, if it is not there."""
        self._subnets.forget()
        self.table.forget()
        answer = self._requests.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, held.request)
        ifindex, address, *_ = held.key
        if answer is None:
            return
        operation = held.spec.operation
        awaits = (Awaited(ADDRESS, address), Awaited(LINK, ifindex), Awaited(ADDRESSES, ifindex))
        if answer.errno != errno.EEXIST:
            error = refused(operation, answer, ADDRESS_WORDS, *awaits, *until_ipv6_is_on(held.link, answer))
            raise with_obstacle(error, self._requests, ifindex, address)
        there = [message for message in self.table.of_link(ifindex) or () if message.local == address]
        for message in there:
            if key_of(message) == held.key:
                if message.flags & IFA_F_DADFAILED:
                    raise Unavailable(operation, TAKEN, errno.EADDRINUSE, awaits[:1])
                noun = difference(held.options, message, ours=False)
                if noun:
                    raise Unavailable(operation, f"it is there with another {noun}", errno.EEXIST, awaits[:1])
                held.ours = False
                held.connects = not message.flags & IFA_F_NOPREFIXROUTE
                return
        if there:
            words = address_words(there[0].local, there[0].prefix, there[0].address)
            raise Unavailable(operation, f"{words} is there already", errno.EEXIST, awaits[:1])
        raise refused(operation, answer, ADDRESS_WORDS, *awaits)

    def stands(self, held: HeldAddress, undo: bytes) -> bool:
        """Say whether an address is there as it is wanted, and with our mark where the kernel keeps marks."""
        message = self.table.present(f"look for {held.words}").get(held.key)
        if message is None:
            return False
        self.connected.heard(message, new=True)
        if not self.table.is_ours(message) or fault_of(held, message):
            return False
        held.undo = undo
        held.is_doubtful = held.is_unchecked
        self.connected.doubt((message,))
        self._monitor.look_again()
        return True

    def added(self, held: HeldAddress) -> None:
        """Watch the route to its network, too."""
        if held.connects:
            self.connected.added(held.key)
            if held.ours:  # one that was taken over, too
                if len(held.key[1]) == 4:
                    self._monitor.drain()  # it is said whether it stands beside another one
                self.connected.make(held.key)

    def removed(self, held: HeldAddress) -> None:
        """Watch it no more."""
        self.connected.removed(held.key)

    def undo(self, key: bytes, undo: bytes) -> None:
        """Delete an address, if it is not there from somebody else now."""
        one = decode_address(key, 0, len(key))
        operation = f"delete {network_words(one.local, one.prefix)} on {self._requests.name_of(one.ifindex)}"
        message = self.table.present(operation).get(key_of(one))
        if message is not None and self.table.is_ours(message):
            self._delete(key)

    def leave(self, held: HeldAddress) -> None:
        """Delete an address that we hold, whoever has changed it since: that takes our mark from it, too."""
        try:
            self._delete(held.record)
        except Unanswered:  # and perhaps not done: the link was to promote others first
            self._delete(held.record)

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        message = decode_address(data, start, end)
        self._subnets.forget()
        self.table.forget()
        self._dynamic.on_message(message, kind == RTM_NEWADDR)
        if kind == RTM_DELADDR:
            for listener in self.left:
                listener(message)
        self.connected.heard(message, new=kind == RTM_NEWADDR)
        held = self.held.get(key_of(message))
        if held is None:
            return
        if kind == RTM_NEWADDR and is_claim(message):
            self._is_theirs(held)
        if kind == RTM_DELADDR or fault_of(held, message) or self._detections.awaits(held):
            self.suspects[held] = 0

    def route_dropped(self, route: RouteMessage) -> None:
        """Note that a route of the kernel itself went, perhaps one to an address that is held."""
        if self.held:
            self.connected.dropped(route)

    def on_overrun(self) -> None:
        """Note that everything may be different."""
        super().on_overrun()
        self.table.forget()
        self._overrun = True

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different, also at the routes of the kernel itself."""
        shown = self._show_anew()
        missing = self.connected.missing(one for one in self.held.values() if not self._detections.awaits(one))
        self.suspects.update(dict.fromkeys((self.held[key] for key in missing), 0))
        self._missing = missing
        losses, complete = super().reconcile()
        return losses, complete and shown

    def check(self, suspects: dict[HeldAddress, int]) -> Iterator[tuple[HeldAddress, Unavailable]]:
        """Read the addresses of the links that matter."""
        links = {held.key[0] for held in suspects}
        seen: dict[Key, AddressMessage] = {}
        complete = True
        for ifindex in links if len(links) <= _FEW else (0,):
            complete = self.table.read(ifindex, seen) and complete
        for held in suspects:
            message = seen.get(held.key)
            if message is None and not complete:
                self.suspects[held] = 0
            elif message is None:
                held.gone = True
                reason = Unavailable(f"hold {held.words}", self._why_gone(held))
                yield held, with_obstacle(reason, self._requests, *held.key[:2])
            elif fault := fault_of(held, message) or self._lacks(held):
                yield held, self._unavailable(held, fault)
            else:
                try:
                    if not self._detections.look(held, message):
                        self.suspects[held] = 0
                except Unavailable as error:
                    yield held, error

    def _unavailable(self, held: HeldAddress, fault: str) -> Unavailable:
        """Return why an address is held no more; one that another host has is not taken for ours at once again."""
        if fault != TAKEN:
            return Unavailable(f"hold {held.words}", fault)
        self._taken.add(held.key)
        self._monitor.soon(lambda: self.leased.taken(held.spec.address))
        return Unavailable(f"hold {held.words}", fault, errno.EADDRINUSE, (Awaited(LINK, held.key[0]),))

    def lose(self, held: HeldAddress, reason: Unavailable) -> list[Loss]:
        """Hold an address no more; who waits until it can be used has failed if it never can."""
        failed = self._detections.fail(held, reason) if reason.errno == errno.EADDRINUSE else []
        return [loss for loss in super().lose(held, reason) if loss.holder not in failed]

    def link_heard(self, kind: int, link: LinkMessage) -> None:
        """Look again at addresses that wait for what a link is like."""
        for held in self._detections.concerned(link):
            self.suspects[held] = 0

    async def until_usable(self, held: HeldAddress, spec: Spec, who: Holder) -> None:
        """Return once an IPv6 address can be used, if that is to be waited for.

        Raises: Unavailable if another host has it.
        """
        if not spec.waits(self._waits, held.key in self._taken):
            return
        message = self.table.present(spec.operation).get(held.key) if not held.undo else None
        if message is None or is_tentative(message):
            await self._detections.wait(held, who, lambda: self.table.seen(held.key))
        self._taken.discard(held.key)
        if held.is_unchecked:
            held.undo = b""
            if held.number:
                self._recovery.journal.done(held.number, b"")

    def _doubt(self, held: HeldAddress) -> None:
        """Look at an address again in a while."""
        self.suspects[held] = 0
        self._monitor.look_again()

    def _put_anew(self, held: HeldAddress, who: Holder) -> None:
        """Delete an address and add it again, so that the kernel asks whether another host has it.

        Raises: Unavailable.
        """
        self._delete(held.record)
        tell(who, lambda: [held.undo_words])
        held.gone = True
        self.do(held)
        held.gone = False
        tell(who, lambda: [held.spec.operation])

    def _why_gone(self, held: HeldAddress) -> str:
        if self._requests.index_of(held.link) != held.key[0]:
            return f"{held.link} is gone or has a new name"
        lasts = held.spec.options.get("valid_lft", FOREVER) == FOREVER
        return "someone removed it" if lasts else "its lifetime has ended, or someone removed it"

    def _lacks(self, held: HeldAddress) -> str:
        """Say which route of the kernel itself an address lacks, "" for none."""
        way = self._missing.get(held.key)
        return f"someone removed the kernel's own route to {network_words(way[1], way[2])}" if way else ""

    async def watch_dynamic6(
        self, link: str, kind: str, who: Holder | None
    ) -> AsyncGenerator[DynamicAddress | str, None]:
        """Follow the best IPv6 address of a link that does not last for ever: see `ports.Addresses`."""
        ifindex = self._index_of(link)
        if not ifindex:
            raise no_link(f"watch the addresses of {link}", link)
        self._join()
        try:
            why = partial(why_nothing_of_routers, self._requests, ifindex, link)
            async with aclosing(self._dynamic.follow(ifindex, Dynamic(link, kind, who, why))) as found:
                async for one in found:
                    yield one
        finally:
            self._leave()

    def _show_anew(self) -> bool:
        """Tell those who watch, after messages were lost; return whether that can be relied on.

        What was lost may have been about a route of the kernel itself, too.
        """
        if not self._overrun:
            return True
        seen: dict[Key, AddressMessage] = {}
        self._overrun = bool(self.held) and not self.table.read(0, seen)
        self.connected.doubt(seen[key] for key in self.held if key in seen)
        if not self._dynamic.show_all():
            self._overrun = True
        return not self._overrun

    def _delete(self, body: bytes) -> None:
        """Delete an address, but nothing with it: see `promotion`.

        Raises: Unavailable.
        """
        one = decode_address(body, 0, len(body))
        operation = f"delete {network_words(one.local, one.prefix)} on {self._requests.name_of(one.ifindex)}"
        # By nothing that may have changed since: the kernel wants a label to be the same, and changes it with a name.
        plain = encode_address(one.ifindex, one.local, one.prefix, one.address if one.address != one.local else b"")
        if one.family == AF_INET6 and one.valid_s != FOREVER:
            self._let_last(one, plain, operation)
        self.table.forget()
        if len(one.local) == 4 and one.prefix < 32 and self._subnets.has_secondaries(one):
            answer = self._promotion.delete(one.ifindex, plain, operation)
        else:
            answer = self._requests.request(RTM_DELADDR, 0, plain)
        self._subnets.cross_out(one)
        if answer is not None and answer.errno not in GONE:
            raise refused(operation, answer, ADDRESS_WORDS)

    def _let_last(self, one: AddressMessage, plain: bytes, operation: str) -> None:
        """Give an IPv6 address no end before it is deleted: else the kernel leaves the route to its network."""
        found = self.table.present(operation).get(key_of(one))
        if found is not None:
            flags = attribute(IFA_FLAGS, U32.pack(found.flags & IFA_F_NOPREFIXROUTE))
            self._requests.request(RTM_NEWADDR, NLM_F_REPLACE, plain + flags)

    def _join(self) -> None:
        if self._watched == 0:
            self._monitor.join(*_GROUPS)
        self._watched += 1

    def _leave(self) -> None:
        self._watched -= 1
        if self._watched == 0:
            self._monitor.leave(*_GROUPS)
