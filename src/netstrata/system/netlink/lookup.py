"""Links by name and by index, as the kernel has them now."""

import errno
from collections.abc import Callable

from netstrata.protocols.rtnetlink import Answer, LinkMessage, ask_link, decode_link, messages
from netstrata.protocols.rtnetlink.constants import IFF_UP, RTM_GETLINK, RTM_NEWLINK
from netstrata.protocols.rtnetlink.links import IFINFOMSG
from netstrata.system.held import NO_RECOVERY, Recovery, found_before
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.refusals import LINK_WORDS, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

IndexOf = Callable[[str], int]  # a link's index by its name, 0 if there is none
Listener = Callable[[int], None]  # is told a link's index


class LinkLookup:
    """What all that holds something of links asks for them."""

    __slots__ = ("_indexes", "_monitor", "_recovery", "_requests")

    def __init__(self, requests: RequestSocket, monitor: Monitor, recovery: Recovery = NO_RECOVERY) -> None:
        self._recovery = recovery
        self._requests = requests
        self._monitor = monitor
        self._indexes: dict[str, int] = {}

    def index_of(self, link: str) -> int:
        """Return a link's index, 0 if there is none of that name; in one turn of the event loop a name is one link."""
        ifindex = self._indexes.get(link, 0)
        if not ifindex:
            ifindex = self._requests.index_of(link) or self._renamed(link)
            if ifindex and (self._indexes or self._monitor.soon(self._indexes.clear)):
                self._indexes[link] = ifindex
        return ifindex

    def _renamed(self, link: str) -> int:
        """Return the link that had a name before a daemon that was killed gave it another one; 0 if there is none.

        Who renames it has not taken it over yet; whoever comes before in the program knows it by its old name.
        """
        for (ifindex, word), name in found_before(self._recovery, "setting") if self._recovery.is_left else ():
            if word == "name" and name == link:
                return int(ifindex)
        return 0

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
