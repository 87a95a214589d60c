"""What a statement is told of the routers of its link, and why it is told of none."""

from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.contract.shapes.ra import RouterFacts
from netstrata.ports.kernel import Link
from netstrata.system.netlink.ipv6_obstacles import why_no_ipv6, why_not_accepted
from netstrata.system.netlink.watchers import Queue
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink


class ToldRouters:
    """Between who hears routers and the statement that follows them."""

    def __init__(self, netlink: "Netlink", who: Holder, link: Link) -> None:
        self.operation = f"hear router advertisements on {link.name}"
        self._netlink = netlink
        self._who = who
        self._link = link
        self._news: Queue[RouterFacts | None] = Queue()
        self._shown: RouterFacts | None = None
        self._unaccepted = ""  # why the kernel makes nothing of what is advertised

    async def take(self) -> RouterFacts | None:
        """Return what counts, once it is something else than before."""
        while (facts := await self._news.take()) == self._shown:
            pass
        self._shown = facts
        return facts

    def tell(self, facts: RouterFacts | None, asked: int) -> None:
        """Know what counts; if nothing does, how often routers were asked."""
        self._news.put(facts)
        if facts is None:
            self._who.awaits(self._awaited(asked))
            return
        unaccepted = why_not_accepted(self._link.name)
        if unaccepted and unaccepted != self._unaccepted:
            self._who.note(f"the kernel makes no addresses and routes of it: {unaccepted}")
        self._unaccepted = unaccepted

    def note(self, line: str) -> None:
        """Add a line to the time line."""
        self._who.note(line)

    def _awaited(self, asked: int) -> str:
        try:
            found = self._netlink.links.find(self._link.name)
        except Unavailable:
            return f"a link {self._link.name}"
        obstacle = why_no_ipv6(self._netlink.requests, found.ifindex)
        if obstacle:
            return f"IPv6: {obstacle}"
        if not found.carrier:
            return f"carrier on {found.name}"
        words = f"a router advertisement on {found.name}"
        if asked:
            words += f"; {asked} router solicitations were sent" if asked > 1 else "; a router solicitation was sent"
        unaccepted = why_not_accepted(found.name)
        return f"{words}; the kernel would make no addresses and routes of one: {unaccepted}" if unaccepted else words
