"""Links by name and by index, as the kernel has them now."""

import errno
from collections.abc import Callable, Iterator

from netstrata.protocols.rtnetlink import (
    Answer,
    LinkMessage,
    ask_link,
    ask_links,
    decode_link,
    lower_link,
    messages,
)
from netstrata.protocols.rtnetlink.constants import IFF_UP, RTM_GETLINK, RTM_NEWLINK, RTNLGRP_LINK
from netstrata.protocols.rtnetlink.links import IFINFOMSG
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.refusals import LINK_WORDS, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

IndexOf = Callable[[str], int]  # a link's index by its name, 0 if there is none
Body = tuple[bytes, int, int]  # a datagram, and where in it the kernel tells of a link

_FOLLOWING = ("vlan", "macvlan", "macvtap")  # kinds of links
_FEW = 16  # links to ask for one by one; more are read in one go


def _none(link: str) -> int:
    """Return that no link had a name."""
    return 0


class LinkLookup:
    """What all that holds something of links asks for them.

    What is read is remembered until the turn of the event loop ends, we change anything ourselves, or the kernel tells
    of a change: what others change after it was read is heard of next, by whoever holds it.
    """

    __slots__ = (
        "_above",
        "_as_of",
        "_asked",
        "_few",
        "_indexes",
        "_links",
        "_monitor",
        "_remembers",
        "_requests",
        "former",
    )

    def __init__(self, requests: RequestSocket, monitor: Monitor) -> None:
        self._requests = requests
        self._monitor = monitor
        self._indexes: dict[str, int] = {}
        self._links: dict[int, Body] = {}  # all there are, once many have been asked for
        self._above: dict[int, list[int]] | None = None  # which links are on each, and follow its MTU
        self._as_of = (0, 0)  # which changes of ours they contain, and since when the kernel tells of others
        self._asked = 0
        self._few = _FEW
        self._remembers = False
        self.former: IndexOf = _none  # of a link that has another name since a daemon before us gave it one

    def index_of(self, link: str) -> int:
        """Return a link's index, 0 if there is none of that name; in one turn of the event loop a name is one link.

        As long as anything is left of a daemon before us, a link that it renamed has the old name, too.
        """
        ifindex = self._indexes.get(link, 0)
        if not ifindex:
            ifindex = self._requests.index_of(link)
            if not ifindex:
                return self.former(link)
            if self._may_remember():
                self._indexes[link] = ifindex
        return ifindex

    def forget(self) -> None:
        """Ask for each link again: one has come, gone, or is not as it was."""
        self.forget_values()
        self._above = None

    def forget_values(self) -> None:
        """Ask for each link again: one has another value, but all are where they were."""
        self._indexes.clear()
        self._links = {}
        self._asked = 0

    def read(self, ifindex: int, operation: str) -> LinkMessage:
        """Return a link as the kernel tells it.

        Raises: Unavailable.
        """
        return decode_link(*self.body(ifindex, operation))

    def is_up(self, ifindex: int, operation: str) -> bool:
        """Say whether a link is administratively up, which takes no look at all that is told of it.

        Raises: Unavailable.
        """
        data, start, _ = self.body(ifindex, operation)
        return bool(IFINFOMSG.unpack_from(data, start)[3] & IFF_UP)

    def body(self, ifindex: int, operation: str) -> Body:
        """Return where the kernel tells of a link.

        Raises: Unavailable.
        """
        return self._among_all(ifindex) or self._alone(ifindex, operation)

    def follow_mtu(self, ifindex: int) -> Iterator[int]:
        """Yield the links on another one of which the kernel lowers the MTU with its, and does not raise it again."""
        if self._above is None or not self._may_remember():
            self._above = self._read_above()
        for one in self._above.get(ifindex, ()):
            yield one
            yield from self.follow_mtu(one)

    def _read_above(self) -> dict[int, list[int]]:
        """Read which links are on each, of the kinds that follow its MTU."""
        above: dict[int, list[int]] = {}
        for data, start, end in self._all().values():
            lower = lower_link(data, start, end)
            if lower and (link := decode_link(data, start, end)).kind in _FOLLOWING:
                above.setdefault(lower, []).append(link.ifindex)
        return above

    def _alone(self, ifindex: int, operation: str) -> Body:
        """Ask for one link.

        Raises: Unavailable.
        """
        found = self._requests.get(RTM_GETLINK, ask_link(ifindex))
        if isinstance(found, Answer):
            if found.errno == errno.ENODEV:
                raise Unavailable(operation, "the link is gone", errno.ENODEV)
            raise refused(operation, found, LINK_WORDS)
        (message,) = [message for message in messages(found, len(found)) if message.type == RTM_NEWLINK]
        return found, message.start, message.end

    def _among_all(self, ifindex: int) -> Body | None:
        """Return what was read of a link together with all others; they are read as soon as many are asked for."""
        if not self._may_remember():
            return None
        as_of = self._requests.changes, self._monitor.joined
        if as_of != self._as_of:
            self._as_of = as_of
            self._links = {}
            self._asked = 0
        self._asked += 1
        if not self._links and self._asked > self._few and self._monitor.hears(RTNLGRP_LINK):
            self._asked = 0
            self._links = self._all()
            self._few = max(_FEW, len(self._links) // 4)  # about as many cost as much one by one
        return self._links.get(ifindex)

    def _all(self) -> dict[int, Body]:
        """Read all links; none if that cannot be relied on."""
        dump = self._requests.dump(RTM_GETLINK, ask_links())
        if dump.answer is not None or not dump.complete:
            return {}
        return {
            IFINFOMSG.unpack_from(data, one.start)[2]: (data, one.start, one.end)
            for data in dump.datagrams
            for one in messages(data, len(data))
            if one.type == RTM_NEWLINK
        }

    def _may_remember(self) -> bool:
        """Say whether what is read can be remembered, which is until this turn of the event loop ends."""
        self._remembers = self._remembers or self._monitor.soon(self._turn_ends)
        return self._remembers

    def _turn_ends(self) -> None:
        self._remembers = False
        self.forget()
