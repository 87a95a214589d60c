"""Those who watch for an IPv6 address that does not last for ever, or for the one that a link gives itself.

The best one is followed: a preferred one before a deprecated one, a stable one before a temporary one (RFC 8981), of
equal ones the one that came first.  None is taken before the kernel knows that no other host has it.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Final

from netstrata.contract import Holder
from netstrata.contract.shapes.route import is_link_local
from netstrata.ports.kernel import DynamicAddress
from netstrata.protocols.rtnetlink import AddressMessage
from netstrata.protocols.rtnetlink.constants import (
    AF_INET6,
    IFA_F_DADFAILED,
    IFA_F_DEPRECATED,
    IFA_F_PERMANENT,
    IFA_F_TEMPORARY,
)
from netstrata.system.netlink.detection import is_tentative
from netstrata.system.netlink.watchers import Queue
from netstrata.values import format_address

LINK_LOCAL: Final = "link-local"

_Rank = tuple[bool, bool]  # deprecated, temporary: what is less is better
Read = Callable[[int], Iterable[AddressMessage] | None]  # the addresses of a link; None if they cannot be known now


class _Known:
    """An address that is there."""

    __slots__ = ("rank", "tentative")

    def __init__(self, message: AddressMessage) -> None:
        flags = message.flags
        self.rank: _Rank = bool(flags & IFA_F_DEPRECATED), bool(flags & IFA_F_TEMPORARY)
        self.tentative = is_tentative(message)


class Dynamic(Queue[DynamicAddress | str]):
    """Follows one address of a link, and remembers the others, of which one takes its place."""

    __slots__ = ("_is_of_link", "_known", "_link", "_obstacle", "_shown", "_taken", "_unmeant", "_who")

    def __init__(self, link: str, kind: str, who: Holder | None, obstacle: Callable[[], str]) -> None:
        """Take which kind of addresses is meant, as `ports.Addresses` says, and who is told what is waited for.

        Shapes: obstacle says what keeps the kernel from making any, to be put behind words.
        """
        super().__init__()
        self._obstacle = obstacle
        self._taken = b""  # an address of the link that another host has
        self._link = link
        self._is_of_link = kind == LINK_LOCAL
        self._unmeant = {"stable": IFA_F_TEMPORARY, "temporary": 0}.get(kind)
        self._who = who
        self._known: dict[DynamicAddress, _Known] = {}  # in the order in which they came
        self._shown: DynamicAddress | None = None

    def heard(self, message: AddressMessage, new: bool) -> None:
        """Take note of an address that is there, or there no more."""
        address = _address(message)
        if new and self._is_meant(message):
            self._known[address] = _Known(message)
        elif self._known.pop(address, None) is not None and address == self._shown:
            self._shown = None
            self.put(self._why_not(None))

    def shown(self, messages: Iterable[AddressMessage]) -> None:
        """Take note of all addresses that are there."""
        messages = list(messages)
        of_others = (message.local for message in messages if message.flags & IFA_F_DADFAILED)
        self._taken = next(of_others, b"")
        there = {_address(message): _Known(message) for message in messages if self._is_meant(message)}
        self._known = {address: there[address] for address in self._known if address in there} | there
        self.choose()

    def _is_meant(self, message: AddressMessage) -> bool:
        if message.family != AF_INET6 or message.flags & IFA_F_DADFAILED:
            return False
        if self._is_of_link or message.flags & IFA_F_PERMANENT:
            return self._is_of_link and is_link_local(message.local)
        return message.flags & IFA_F_TEMPORARY != self._unmeant

    def choose(self) -> None:
        """Show the best one; none as long as a better one is about to be usable."""
        best = min(self._known, key=self._rank_of, default=None)
        usable = [address for address in self._known if not self._known[address].tentative]
        found = min(usable, key=self._rank_of, default=None)
        shown = self._shown if self._shown in usable else None
        if shown is not None and found is not None and self._rank_of(found) >= self._rank_of(shown):
            return
        if self._shown is not None:
            self.put(self._why_not(shown))
        elif best is not None and found is not None and self._rank_of(best) < self._rank_of(found):
            found = None
        self._shown = found
        if found is not None:
            self.put(found)
        elif self._who is not None:
            self._who.awaits(self._why_none(best is not None))

    def _why_none(self, tentative: bool) -> str:
        if tentative:
            return f"duplicate address detection on {self._link}"
        wanted = "a link-local address" if self._is_of_link else "a router advertisement or DHCPv6"
        awaited = f"{wanted} on {self._link}{self._obstacle()}"
        taken = format_address(self._taken).decode() if self._taken else ""
        return f"{awaited}; another host has {taken} (duplicate address detection failed)" if taken else awaited

    def _rank_of(self, address: DynamicAddress) -> _Rank:
        return self._known[address].rank

    def _why_not(self, shown: DynamicAddress | None) -> str:
        """Say why the address that was shown is followed no more: it is gone, or another is better."""
        if shown is None:
            what = "link-local address" if self._is_of_link else "address that did not last"
            return f"the {what} is gone from {self._link}{self._obstacle()}"
        is_deprecated = self._rank_of(shown)[0]
        state = "is deprecated" if is_deprecated else "is temporary"
        better = "preferred" if is_deprecated else "stable"
        return f"{format_address(shown.address).decode()} on {self._link} {state}, and a {better} one is there"


class DynamicWatchers:
    """All who watch for one."""

    __slots__ = ("_of_link", "_read")

    def __init__(self, read: Read) -> None:
        self._read = read
        self._of_link: dict[int, list[Dynamic]] = {}

    async def follow(self, ifindex: int, watcher: Dynamic) -> AsyncGenerator[DynamicAddress | str, None]:
        """Yield what a watcher is to be told of a link's addresses."""
        self._of_link.setdefault(ifindex, []).append(watcher)
        try:
            self._show(ifindex, [watcher])
            while True:
                yield await watcher.take()
        finally:
            self._of_link[ifindex].remove(watcher)
            if not self._of_link[ifindex]:
                del self._of_link[ifindex]

    def on_message(self, message: AddressMessage, new: bool) -> None:
        """Tell those who watch the link: of one that is still tentative the kernel says nothing, so all are read."""
        watchers = self._of_link.get(message.ifindex, []) if message.family == AF_INET6 else []
        for watcher in watchers:
            watcher.heard(message, new)
        if watchers and not self._show(message.ifindex, watchers):
            for watcher in watchers:
                watcher.choose()

    def show_all(self) -> bool:
        """Tell all what is there now; return whether that could be read."""
        return all(self._show(ifindex, watchers) for ifindex, watchers in self._of_link.items())

    def _show(self, ifindex: int, watchers: list[Dynamic]) -> bool:
        there = self._read(ifindex)
        for watcher in watchers if there is not None else ():
            watcher.shown(there or ())
        return there is not None


def _address(message: AddressMessage) -> DynamicAddress:
    return DynamicAddress(message.local, message.prefix, bool(message.flags & IFA_F_TEMPORARY))
