"""What links are like: the largest packet, the hardware address, the name.  Put back, if ours still stands."""

import errno
from typing import Union

from netstrata.contract import Holder
from netstrata.contract.dhcp_shapes import MAC
from netstrata.protocols.rtnetlink import LinkMessage, set_mac, set_mtu, set_name
from netstrata.protocols.rtnetlink.constants import RTM_DELLINK, RTM_NEWLINK, RTNLGRP_LINK
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Loss, Monitor, Subscriber
from netstrata.system.netlink.refusals import LINK_WORDS, no_link, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.overrides import HoldingSetting, OverrideStack, Settings, Spec
from netstrata.values import Unavailable

Value = Union[int, bytes, str]
Key = tuple[int, str]  # a link, and mtu, address or name
_NOUNS = {"mtu": "MTU", "address": "hardware address", "name": "name"}


class LinkSettings(Settings[Key, Value], Subscriber):
    """All settings of links that are held."""

    __slots__ = ("_lookup", "_monitor", "_names", "_requests", "_suspects")

    def __init__(self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup) -> None:
        Settings.__init__(self)
        self._requests = requests
        self._monitor = monitor
        self._lookup = lookup
        self._names: dict[int, str] = {}  # as they were when something of the link was held first
        self._suspects: set[Key] = set()
        monitor.tell(self)

    def held_setting(self, link: str, what: str, value: Value) -> HoldingSetting[Key, Value]:
        """Set one thing of a link: mtu, address or name."""
        return HoldingSetting(self, f"{link}/{what}", value)

    def hold(self, name: str, value: Value, who: Holder | None) -> tuple[Key, OverrideStack[Value], Spec[Value]]:
        """Find a link, and set one thing of it."""
        link, _, what = name.partition("/")
        ifindex = self._lookup.index_of(link)
        if not ifindex:
            raise no_link(f"set the {_NOUNS[what]} of {link}", link)
        key = (ifindex, what)
        self._names.setdefault(ifindex, link)
        if who is not None:
            self._monitor.join(RTNLGRP_LINK)
        try:
            pile, wish = self.put(key, value, who)
        except Unavailable:
            if who is not None:
                self._monitor.leave(RTNLGRP_LINK)
            raise
        return key, pile, wish

    def release(self, key: Key, pile: OverrideStack[Value], wish: Spec[Value]) -> None:
        """Take a wish out again."""
        if wish.who is not None:
            self._monitor.leave(RTNLGRP_LINK)
        self.take_out(key, pile, wish)

    def read(self, key: Key, operation: str) -> Value:
        """Return what something of a link is."""
        return _of(self._lookup.read(key[0], operation), key[1])

    def write(self, key: Key, value: Value, operation: str) -> None:
        """Change something of a link."""
        ifindex, what = key
        if isinstance(value, int):
            body = set_mtu(ifindex, value)
        elif isinstance(value, bytes):
            body = set_mac(ifindex, value)
        else:
            body = set_name(ifindex, value)
        answer = self._requests.request(RTM_NEWLINK, 0, body)
        if what == "name":
            self._lookup.forget_names()
        if answer is not None and what == "name" and answer.errno == errno.EEXIST:
            raise Unavailable(operation, f"the name {value!s} is taken", errno.EEXIST)
        if answer is not None:
            raise refused(operation, answer, LINK_WORDS)

    def words(self, key: Key, value: Value) -> str:
        """Return what something of a link is to be, for people."""
        ifindex, what = key
        shown = MAC.write(value).decode() if isinstance(value, bytes) else str(value)  # type: ignore[union-attr]
        return f"the {_NOUNS[what]} of {self._names.get(ifindex, '')} to {shown}"

    def link_heard(self, kind: int, link: LinkMessage, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        for what in _NOUNS:
            pile = self.piles.get((link.ifindex, what))
            if pile is not None and (kind == RTM_DELLINK or _of(link, what) != pile.stands):
                self._suspects.add((link.ifindex, what))

    def overrun(self) -> None:
        """Note that everything may be different."""
        self._suspects.update(self.piles)

    def settle(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        losses: list[Loss] = []
        suspects, self._suspects = self._suspects, set()
        for key in suspects:
            pile = self.piles.get(key)
            if pile is None:
                continue
            operation = f"hold {self.words(key, pile.stands)}"
            try:
                now = self.read(key, operation)
                if now == pile.stands:
                    continue
                reason = Unavailable(operation, f"someone has set {self.words(key, now)}")
            except Unavailable as error:
                reason = error
            pile.gone = True
            del self.piles[key]
            losses += [Loss(wish.who, reason) for wish in pile.wishes if wish.who is not None]
        return losses, True


def _of(link: LinkMessage, what: str) -> Value:
    return link.mtu if what == "mtu" else link.mac if what == "address" else link.name
