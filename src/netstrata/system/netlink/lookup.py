"""Links by name and by index, as the kernel has them now."""

import errno
from collections.abc import Callable

from netstrata.protocols.rtnetlink import Answer, LinkMessage, ask_link, decode_link, messages
from netstrata.protocols.rtnetlink.constants import IFF_UP, RTM_GETLINK, RTM_NEWLINK
from netstrata.protocols.rtnetlink.links import IFINFOMSG
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.refusals import LINK_WORDS, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

IndexOf = Callable[[str], int]  # a link's index by its name, 0 if there is none
Listener = Callable[[int], None]  # is told a link's index


def _none(link: str) -> int:
    """Return that no link had a name."""
    return 0


class LinkLookup:
    """What all that holds something of links asks for them."""

    __slots__ = ("_indexes", "_monitor", "_requests", "former")

    def __init__(self, requests: RequestSocket, monitor: Monitor) -> None:
        self._requests = requests
        self._monitor = monitor
        self._indexes: dict[str, int] = {}
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
            if self._indexes or self._monitor.soon(self._indexes.clear):
                self._indexes[link] = ifindex
        return ifindex

    def forget_names(self) -> None:
        """Ask for each name again: a link has come, gone, or has another name now."""
        self._indexes.clear()

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

    def body(self, ifindex: int, operation: str) -> tuple[bytes, int, int]:
        """Return a datagram, and where in it the kernel tells of a link.

        Raises: Unavailable.
        """
        found = self._requests.get(RTM_GETLINK, ask_link(ifindex))
        if isinstance(found, Answer):
            if found.errno == errno.ENODEV:
                raise Unavailable(operation, "the link is gone", errno.ENODEV)
            raise refused(operation, found, LINK_WORDS)
        (message,) = [message for message in messages(found, len(found)) if message.type == RTM_NEWLINK]
        return found, message.start, message.end
