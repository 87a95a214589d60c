"""Addresses of either family on links."""

import errno
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from typing import NamedTuple

from netstrata.ports.kernel import DynamicAddress
from netstrata.protocols.rtnetlink import (
    AddressMessage,
    RouteMessage,
    ask_addresses,
    decode_address,
    encode_address,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    FOREVER,
    IFA_F_DADFAILED,
    IFA_F_NOPREFIXROUTE,
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_DELADDR,
    RTM_GETADDR,
    RTM_NEWADDR,
    RTNLGRP_IPV4_IFADDR,
    RTNLGRP_IPV4_ROUTE,
    RTNLGRP_IPV6_IFADDR,
    RTNLGRP_IPV6_ROUTE,
    RTNLGRP_LINK,
    RTPROT_NETSTRATA,
)
from netstrata.system.held import GONE, NO_RECOVERY, Held, Loss, Recovery, Store, Unanswered
from netstrata.system.held.wait_queues import ADDRESS, ADDRESSES, LINK
from netstrata.system.netlink.claims import Claims, is_claim
from netstrata.system.netlink.connected import AddressKey, ConnectedRoutes, Way
from netstrata.system.netlink.dynamic import Dynamic
from netstrata.system.netlink.lookup import IndexOf
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.promotion import Promotion
from netstrata.system.netlink.refusals import ADDRESS_WORDS, network_words, no_link, refused, until_ipv6_is_on
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.subnets import Subnets
from netstrata.values import Awaited, Unavailable

_GROUPS = (RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_LINK)
_TAKEN = "another host on the link has this address (duplicate address detection failed)"
_FEW = 16  # links to look at one by one; more are looked at in one go

Key = AddressKey


class Spec(NamedTuple):
    """An address to hold."""

    link: str
    address: bytes
    prefix: int


class HeldAddress(Held):
    """An address that is held; its link by index."""

    __slots__ = ("connects", "key", "link", "record")

    def __init__(self, spec: Spec, ifindex: int) -> None:
        super().__init__()
        self.connects = True  # there is to be a route to its network
        self.key: Key = (ifindex, spec.address, spec.prefix)
        self.link = spec.link
        self.record = encode_address(ifindex, spec.address, spec.prefix)

    @property
    def words(self) -> str:
        """The address and the name its link had."""
        return f"{network_words(self.key[1], self.key[2])} on {self.link}"


class NetlinkAddresses(Store[Spec, HeldAddress], Subscriber):
    """The `Addresses` port over rtnetlink."""

    __slots__ = (
        "_claims",
        "_index_of",
        "_marks",
        "_missing",
        "_monitor",
        "_overrun",
        "_promotion",
        "_requests",
        "_snapshot",
        "_subnets",
        "_watched",
        "_watchers",
        "connected",
        "left",
    )
    kind = "address"
    bears_mark = True

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, index_of: IndexOf, recovery: Recovery = NO_RECOVERY
    ) -> None:
        super().__init__(recovery)
        self._requests = requests
        self._index_of = index_of
        self._monitor = monitor
        self._watched = 0
        self._watchers: dict[int, list[Dynamic]] = {}  # by link
        self.connected = ConnectedRoutes(requests)
        self._promotion = Promotion(requests, recovery)
        self._subnets = Subnets(monitor, self._of_link)
        self._claims = Claims(monitor, lambda: self._of_link(0) or ())
        self._snapshot: dict[Key, AddressMessage] | None = None
        self._overrun = False
        self._marks = _keeps_marks(os.uname().release)  # else it is seen: the kernel's own addresses have some, too
        self._missing: dict[Key, Way] = {}  # routes of the kernel itself that are gone, by whose they were
        self.left: list[Callable[[AddressMessage], None]] = []  # told of each address that is gone
        monitor.subscribe(self, RTM_NEWADDR, RTM_DELADDR)

    def prepare(self, spec: Spec) -> HeldAddress:
        """Find the link."""
        ifindex = self._index_of(spec.link)
        if not ifindex:
            raise no_link(_operation(spec), spec.link)
        return HeldAddress(spec, ifindex)

    def operation(self, spec: Spec) -> str:
        """Return what is to be done."""
        return _operation(spec)

    def listen(self, held: HeldAddress) -> None:
        """Subscribe to addresses, and to routes for those that the kernel makes for each."""
        self._join()

    def unlisten(self, held: HeldAddress) -> None:
        """Take back one `listen`."""
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
        self._snapshot = None
        answer = self._requests.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, held.record)
        if answer is None:
            self._monitor.drain()  # it is said whether it stands beside another one
            return
        ifindex, address, prefix = held.key
        operation = _operation(Spec(held.link, address, prefix))
        awaits = (Awaited(ADDRESS, address), Awaited(LINK, ifindex), Awaited(ADDRESSES, ifindex))
        if answer.errno != errno.EEXIST:
            raise refused(operation, answer, ADDRESS_WORDS, *awaits, *until_ipv6_is_on(held.link, answer))
        there = [message for message in self._of_link(ifindex) or () if message.local == address]
        for message in there:
            if message.prefix == prefix and message.address == address:
                if message.flags & IFA_F_DADFAILED:
                    raise Unavailable(operation, _TAKEN, errno.EADDRINUSE, awaits[:1])
                held.ours = False
                held.connects = not message.flags & IFA_F_NOPREFIXROUTE
                return
        if there:
            words = network_words(there[0].local, there[0].prefix)
            if there[0].address != there[0].local:
                words += f" with peer {network_words(there[0].address, there[0].prefix)}"
            raise Unavailable(operation, f"{words} is there already", errno.EEXIST, awaits[:1])
        raise refused(operation, answer, ADDRESS_WORDS, *awaits)

    def stands(self, held: HeldAddress, undo: bytes) -> bool:
        """Say whether an address is there, for ever, and with our mark where the kernel keeps marks."""
        message = self._present(f"look for {held.words}").get(held.key)
        if message is not None:
            self.connected.heard(message, new=True)
        return message is not None and message.address == message.local and self._is_marked(message) and _lasts(message)

    def added(self, held: HeldAddress) -> None:
        """Watch the route to its network, too."""
        if held.connects:
            self.connected.added(held.key)
            if held.ours:  # one that was taken over, too
                self.connected.make(held.key)

    def removed(self, held: HeldAddress) -> None:
        """Watch it no more."""
        self.connected.removed(held.key)

    def undo(self, key: bytes, undo: bytes) -> None:
        """Delete an address, if it is not there from somebody else now."""
        one = decode_address(key, 0, len(key))
        operation = f"delete {network_words(one.local, one.prefix)} on {self._requests.name_of(one.ifindex)}"
        message = self._present(operation).get((one.ifindex, one.local, one.prefix))
        if message is not None and self._is_marked(message):
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
        self._snapshot = None
        for watcher in self._watchers.get(message.ifindex, ()):
            watcher.on_message(message, kind == RTM_NEWADDR)
        if kind == RTM_DELADDR:
            for listener in self.left:
                listener(message)
        self.connected.heard(message, new=kind == RTM_NEWADDR)
        held = self.held.get((message.ifindex, message.local, message.prefix))
        if held is not None and kind == RTM_NEWADDR and is_claim(message):
            self._is_theirs(held)
        if held is not None and (kind == RTM_DELADDR or _fault(held, message)):
            self.suspects[held] = 0

    def route_dropped(self, route: RouteMessage) -> None:
        """Note that a route of the kernel itself went, perhaps one to an address that is held."""
        if self.held:
            self.connected.dropped(route)

    def on_overrun(self) -> None:
        """Note that everything may be different."""
        super().on_overrun()
        self._snapshot = None
        self._overrun = True

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different, also at the routes of the kernel itself."""
        shown = self._show_anew()
        missing = self.connected.missing(self.held)
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
            complete = self._read(ifindex, seen) and complete
        for held in suspects:
            message = seen.get(held.key)
            if message is None and not complete:
                self.suspects[held] = 0
            elif message is None:
                held.gone = True
                there = self._requests.index_of(held.link) == held.key[0]
                why = "someone removed it" if there else f"{held.link} is gone or has a new name"
                yield held, Unavailable(f"hold {held.words}", why)
            elif fault := _fault(held, message) or self._lacks(held):
                yield held, Unavailable(f"hold {held.words}", fault, errno.EADDRINUSE if fault == _TAKEN else 0)

    def _lacks(self, held: HeldAddress) -> str:
        """Say which route of the kernel itself an address lacks, "" for none."""
        way = self._missing.get(held.key)
        return f"someone removed the kernel's own route to {network_words(way[1], way[2])}" if way else ""

    async def watch_dynamic6(self, link: str) -> AsyncGenerator[DynamicAddress | None, None]:
        """Follow the first IPv6 address of a link that does not last for ever: see `ports.Addresses`."""
        ifindex = self._index_of(link)
        if not ifindex:
            raise no_link(f"watch the addresses of {link}", link)
        self._join()
        watcher = Dynamic()
        self._watchers.setdefault(ifindex, []).append(watcher)
        try:
            self._show(ifindex, [watcher])
            while True:
                yield await watcher.take()
        finally:
            self._watchers[ifindex].remove(watcher)
            if not self._watchers[ifindex]:
                del self._watchers[ifindex]
            self._leave()

    def _show_anew(self) -> bool:
        """Tell those who watch, after messages were lost; return whether that can be relied on.

        What was lost may have been about a route of the kernel itself, too.
        """
        if not self._overrun:
            return True
        seen: dict[Key, AddressMessage] = {}
        self._overrun = bool(self.held) and not self._read(0, seen)
        self.connected.doubt(seen[key] for key in self.held if key in seen)
        for ifindex, watchers in self._watchers.items():
            if not self._show(ifindex, watchers):
                self._overrun = True
        return not self._overrun

    def _show(self, ifindex: int, watchers: "list[Dynamic]") -> bool:
        """Show the addresses of a link to those who watch it; return whether they could be read."""
        seen: dict[Key, AddressMessage] = {}
        complete = self._read(ifindex, seen)
        if complete:
            for watcher in watchers:
                watcher.shown(list(seen.values()))
        return complete

    def _delete(self, body: bytes) -> None:
        """Delete an address, but nothing with it: see `promotion`.

        Raises: Unavailable.
        """
        one = decode_address(body, 0, len(body))
        ifindex, address, prefix = one.ifindex, one.local, one.prefix
        operation = f"delete {network_words(address, prefix)} on {self._requests.name_of(ifindex)}"
        self._snapshot = None
        if len(address) == 4 and prefix < 32 and self._subnets.has_secondaries(ifindex, address, prefix):
            answer = self._promotion.delete(ifindex, body, operation)
        else:
            answer = self._requests.request(RTM_DELADDR, 0, body)
        self._subnets.cross_out(ifindex, address, prefix)
        if answer is not None and answer.errno not in GONE:
            raise refused(operation, answer, ADDRESS_WORDS)

    def _present(self, operation: str) -> dict[Key, AddressMessage]:
        """Return the addresses that are there, or were when they were read in this turn of the event loop.

        Raises: Unavailable if they cannot be read now.
        """
        found = self._snapshot
        if found is None:
            found = {}
            if not self._read(0, found):
                raise Unavailable(operation, "the addresses cannot be read now", errno.EAGAIN)
            self._marks = self._marks or any(one.protocol for one in found.values())
            if self._monitor.soon(self._drop_snapshot):
                self._snapshot = found
        return found

    def _is_marked(self, message: AddressMessage) -> bool:
        """Say whether an address bears our mark, or the kernel keeps none, as before 5.18."""
        return message.protocol == RTPROT_NETSTRATA or (not message.protocol and not self._marks)

    def _drop_snapshot(self) -> None:
        self._snapshot = None

    def _of_link(self, ifindex: int) -> Iterable[AddressMessage] | None:
        seen: dict[Key, AddressMessage] = {}
        return seen.values() if self._read(ifindex, seen) else None

    def _join(self) -> None:
        if self._watched == 0:
            self._monitor.join(*_GROUPS)
        self._watched += 1

    def _leave(self) -> None:
        self._watched -= 1
        if self._watched == 0:
            self._monitor.leave(*_GROUPS)

    def _read(self, ifindex: int, seen: dict[Key, AddressMessage]) -> bool:
        """Read the addresses of one link, or of all; return whether that can be relied on."""
        dump = self._requests.dump(RTM_GETADDR, ask_addresses(0, ifindex))
        for data in dump.datagrams:
            for message in messages(data, len(data)):
                if message.type == RTM_NEWADDR:
                    found = decode_address(data, message.start, message.end)
                    seen[found.ifindex, found.local, found.prefix] = found
        return dump.complete and (dump.answer is None or dump.answer.errno in GONE)


def _lasts(message: AddressMessage) -> bool:
    return not message.flags & IFA_F_DADFAILED and message.preferred_s == FOREVER


def _keeps_marks(release: str) -> bool:
    """Say whether a kernel of a release keeps IFA_PROTO, as it does since Linux 5.18."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return found is not None and (int(found[1]), int(found[2])) >= (5, 18)


def _fault(held: HeldAddress, message: AddressMessage) -> str:
    """Say what is wrong with an address that is there, "" for nothing."""
    if message.flags & IFA_F_DADFAILED:
        return _TAKEN
    return "someone gave it a lifetime" if held.ours and message.preferred_s != FOREVER else ""


def _operation(wish: Spec) -> str:
    return f"add {network_words(wish.address, wish.prefix)} to {wish.link}"
