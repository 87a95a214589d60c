"""Addresses of either family on links."""

import errno
from collections.abc import AsyncGenerator, Iterable
from typing import NamedTuple

from netstrata.contract import Holder
from netstrata.ports.kernel import DynamicAddress
from netstrata.protocols.rtnetlink import (
    AddressMessage,
    Answer,
    RouteMessage,
    ask_addresses,
    ask_link,
    decode_address,
    encode_address,
    messages,
    promotes,
    set_promotion,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    FOREVER,
    IFA_F_DADFAILED,
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_DELADDR,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTNLGRP_IPV4_IFADDR,
    RTNLGRP_IPV4_ROUTE,
    RTNLGRP_IPV6_IFADDR,
    RTNLGRP_IPV6_ROUTE,
)
from netstrata.protocols.rtnetlink.wire import HEADER_SIZE
from netstrata.system.netlink.connected import AddressKey, ConnectedRoutes
from netstrata.system.netlink.dynamic import Dynamic
from netstrata.system.netlink.held import Held, Hold, IndexOf, Listener
from netstrata.system.netlink.monitor import Loss, Monitor, Subscriber
from netstrata.system.netlink.refusals import ADDRESS_WORDS, GONE, network_words, no_link, reason_of, refused
from netstrata.system.netlink.socket import Request, RequestSocket
from netstrata.system.netlink.subnets import Subnets
from netstrata.values import Unavailable

_GROUPS = (RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE)
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

    __slots__ = ("body", "key", "link")

    def __init__(self, ours: bool, key: Key, link: str, body: bytes) -> None:
        super().__init__(ours)
        self.key = key
        self.link = link
        self.body = body

    @property
    def words(self) -> str:
        """The address and the name its link had."""
        return f"{network_words(self.key[1], self.key[2])} on {self.link}"


class NetlinkAddresses(Subscriber):
    """The `Addresses` port over rtnetlink."""

    __slots__ = (
        "_connected",
        "_held",
        "_index_of",
        "_monitor",
        "_overrun",
        "_requests",
        "_subnets",
        "_suspects",
        "_watched",
        "_watchers",
        "left",
    )

    def __init__(self, requests: RequestSocket, monitor: Monitor, index_of: IndexOf) -> None:
        self._requests = requests
        self._index_of = index_of
        self._monitor = monitor
        self._held: dict[Key, HeldAddress] = {}
        self._suspects: dict[Key, None] = {}  # in the order in which they were heard of
        self._watched = 0
        self._watchers: dict[int, list[Dynamic]] = {}  # by link
        self._connected = ConnectedRoutes(requests)
        self._subnets = Subnets(monitor, self._of_link)
        self._overrun = False
        self.left: list[Listener] = []  # told of each link that an IPv4 address has left
        monitor.tell(self, RTM_NEWADDR, RTM_DELADDR)

    def held_address(self, link: str, address: bytes, prefix: int) -> Hold[Spec, HeldAddress]:
        """Put an address on a link: global scope, for ever; IPv6 is not waited for until it is no longer tentative."""
        return Hold(self, Spec(link, address, prefix))

    def hold(self, wish: Spec, who: Holder | None) -> HeldAddress:
        """Add an address, if it is not there."""
        ifindex = self._index_of(wish.link)
        if not ifindex:
            raise no_link(_operation(wish), wish.link)
        key = (ifindex, wish.address, wish.prefix)
        if who is not None:
            self._watch()
        held = self._held.get(key)
        if held is None:
            body = encode_address(ifindex, wish.address, wish.prefix)
            try:
                ours = self._put(wish, ifindex, body)
            except Unavailable:
                if who is not None:
                    self._unwatch()
                raise
            held = self._held[key] = HeldAddress(ours, key, wish.link, body)
        held.add(who)
        return held

    def release(self, held: HeldAddress, who: Holder | None) -> None:
        """Delete an address if the last one leaves who held it, and it was not there before."""
        if who is not None:
            self._unwatch()
        if not held.remove(who) or held.gone:
            return
        if self._held.get(held.key) is held:
            del self._held[held.key]
        if held.ours:
            answer = self._delete(held)
            if answer is not None and answer.errno not in GONE and who is not None:
                who.note(f"cannot delete {held.words}: {reason_of(answer, ADDRESS_WORDS)}; ignoring")

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        message = decode_address(data, start, end)
        self._subnets.forget()
        for watcher in self._watchers.get(message.ifindex, ()):
            watcher.on_message(message, kind == RTM_NEWADDR)
        if kind == RTM_DELADDR and message.family == AF_INET:
            for tell in self.left:
                tell(message.ifindex)
        key = (message.ifindex, message.local, message.prefix)
        held = self._held.get(key)
        if held is not None and (kind == RTM_DELADDR or _fault(held, message)):
            self._suspects[key] = None

    def route_dropped(self, route: RouteMessage) -> None:
        """Note that a route of the kernel itself went, perhaps one to an address that is held."""
        if self._held:
            self._connected.dropped(route)

    def overrun(self) -> None:
        """Note that everything may be different."""
        self._suspects.update(dict.fromkeys(self._held))
        self._overrun = True

    def settle(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        complete = self._tell_anew()
        missing = self._connected.missing(self._held)
        self._suspects.update(dict.fromkeys(missing))
        suspects = [key for key in self._suspects if key in self._held]
        self._suspects.clear()
        if not suspects:
            return [], complete
        losses: list[Loss] = []
        links = {key[0] for key in suspects}
        seen: dict[Key, AddressMessage] = {}
        for ifindex in links if len(links) <= _FEW else (0,):
            complete = self._read(ifindex, seen) and complete
        for key in suspects:
            message, held = seen.get(key), self._held[key]
            if message is None and not complete:
                self._suspects[key] = None
            elif message is None:
                losses += self._lose(held, None)
            elif _fault(held, message):
                losses += self._lose(held, _fault(held, message))
            elif key in missing:
                _, network, prefix, _ = missing[key]
                losses += self._lose(
                    held, f"someone removed the kernel's own route to {network_words(network, prefix)}"
                )
        return losses, complete

    async def watch_dynamic6(self, link: str) -> AsyncGenerator[DynamicAddress | None, None]:
        """Follow the first IPv6 address of a link that does not last for ever: see `ports.Addresses`."""
        ifindex = self._index_of(link)
        if not ifindex:
            raise no_link(f"watch the addresses of {link}", link)
        self._watch()
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
            self._unwatch()

    def _tell_anew(self) -> bool:
        """Tell those who watch, after messages were lost; return whether that can be relied on.

        What was lost may have been about a route of the kernel itself, too.
        """
        if not self._overrun:
            return True
        seen: dict[Key, AddressMessage] = {}
        self._overrun = bool(self._held) and not self._read(0, seen)
        self._connected.doubt(seen[key] for key in self._held if key in seen)
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

    def _delete(self, held: HeldAddress) -> Answer | None:
        """Delete an address, but nothing with it.

        A primary IPv4 address takes the secondary ones of its network along, whoever put them there, unless the link
        promotes one of them; so it does for that moment.  If it cannot be made to, the address stays.
        """
        ifindex, address, prefix = held.key
        together = [Request(RTM_DELADDR, 0, held.body)]
        if len(address) == 4 and prefix < 32 and self._subnets.has_secondaries(ifindex, address, prefix):
            link = self._requests.get(RTM_GETLINK, ask_link(ifindex))
            if isinstance(link, Answer):
                return link
            if not promotes(link, HEADER_SIZE, len(link)):
                refusal = self._requests.request(RTM_NEWLINK, 0, set_promotion(ifindex, True))
                if refusal is not None:
                    return refusal
                together.append(Request(RTM_NEWLINK, 0, set_promotion(ifindex, False)))
        self._subnets.cross_out(ifindex, address, prefix)
        return self._requests.requests(together)[0]

    def _of_link(self, ifindex: int) -> Iterable[AddressMessage] | None:
        seen: dict[Key, AddressMessage] = {}
        return seen.values() if self._read(ifindex, seen) else None

    def _lose(self, held: HeldAddress, fault: str | None) -> list[Loss]:
        """Tell all who hold an address that it is gone, or what is wrong with it: then it is still to be deleted."""
        operation = f"hold {held.words}"
        reason = Unavailable(operation, fault or "", errno.EADDRINUSE if fault == _TAKEN else 0)
        if fault is None:
            held.gone = True
            there = self._requests.index_of(held.link) == held.key[0]
            reason = Unavailable(operation, "someone removed it" if there else f"{held.link} is gone or has a new name")
        del self._held[held.key]
        return [Loss(holder, reason) for holder in held.holders]

    def _put(self, wish: Spec, ifindex: int, body: bytes) -> bool:
        """Add an address; return whether it is ours, and not one that was there before.

        Raises: Unavailable.
        """
        self._subnets.forget()
        answer = self._requests.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body)
        if answer is None:
            return True
        if answer.errno != errno.EEXIST:
            raise refused(_operation(wish), answer, ADDRESS_WORDS)
        seen: dict[Key, AddressMessage] = {}
        self._read(ifindex, seen)
        there = [message for message in seen.values() if message.local == wish.address]
        for message in there:
            if message.prefix == wish.prefix and message.address == wish.address:
                if message.flags & IFA_F_DADFAILED:
                    raise Unavailable(_operation(wish), _TAKEN, errno.EADDRINUSE)
                return False
        if there:
            words = network_words(there[0].local, there[0].prefix)
            if there[0].address != there[0].local:
                words += f" with peer {network_words(there[0].address, there[0].prefix)}"
            raise Unavailable(_operation(wish), f"{words} is there already", errno.EEXIST)
        raise refused(_operation(wish), answer, ADDRESS_WORDS)

    def _read(self, ifindex: int, seen: dict[Key, AddressMessage]) -> bool:
        """Read the addresses of one link, or of all; return whether that can be relied on."""
        dump = self._requests.dump(RTM_GETADDR, ask_addresses(0, ifindex))
        for data in dump.datagrams:
            for message in messages(data, len(data)):
                if message.type == RTM_NEWADDR:
                    found = decode_address(data, message.start, message.end)
                    seen[found.ifindex, found.local, found.prefix] = found
        return dump.complete and (dump.answer is None or dump.answer.errno in GONE)

    def _watch(self) -> None:
        if self._watched == 0:
            self._monitor.join(*_GROUPS)
        self._watched += 1

    def _unwatch(self) -> None:
        self._watched -= 1
        if self._watched == 0:
            self._monitor.leave(*_GROUPS)


def _fault(held: HeldAddress, message: AddressMessage) -> str:
    """Say what is wrong with an address that is there, "" for nothing."""
    if message.flags & IFA_F_DADFAILED:
        return _TAKEN
    return "someone gave it a lifetime" if held.ours and message.preferred_s != FOREVER else ""


def _operation(wish: Spec) -> str:
    return f"add {network_words(wish.address, wish.prefix)} to {wish.link}"
