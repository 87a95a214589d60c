"""What is held of links, and of which the kernel tells no change: it is looked at now and then."""

from typing import TypeVar

from netstrata.protocols.rtnetlink import LinkMessage
from netstrata.system.held import Held
from netstrata.system.netlink.link_store import LinkStore
from netstrata.system.netlink.refusals import no_link

S = TypeVar("S")
H = TypeVar("H", bound=Held)


class UntoldStore(LinkStore[S, H]):
    """All of one kind; what is held has a key that begins with the index of its link."""

    __slots__ = ()

    def added(self, held: H) -> None:
        """Look at it now and then."""
        self._monitor.look_again()

    def on_round(self) -> None:
        """Look at all, and again in a while."""
        self.suspects.update(dict.fromkeys(self.held.values(), 0))
        if self.held:
            self._monitor.look_again()

    def link_heard(self, kind: int, link: LinkMessage) -> None:
        """Note that a link has gone, or is another one."""
        self.suspects.update({held: 0 for held in self.held.values() if held.key[0] == link.ifindex})

    def _index_of(self, link: str, operation: str) -> int:
        """Return a link's index.

        Raises: Unavailable.
        """
        ifindex = self._lookup.index_of(link)
        if not ifindex:
            raise no_link(operation, link)
        return ifindex
