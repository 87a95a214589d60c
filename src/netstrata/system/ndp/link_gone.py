"""Whether the link of a statement is still there."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from netstrata.ports.kernel import Link
from netstrata.system.netlink.refusals import no_link
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink


class LinkGone:
    """Looks after the kernel has said something of links, and tells after who waits for the link itself is told."""

    def __init__(self, netlink: "Netlink", operation: str, link: Link, tell: Callable[[Unavailable], None]) -> None:
        self._netlink = netlink
        self._operation = operation
        self._link = link
        self._tell = tell
        self._is_due = False

    def look_soon(self) -> None:
        """Look in the next turn, and tell after that if it is gone, or another one has its name."""
        if not self._is_due:
            self._is_due = self._netlink.monitor.soon(self._look)

    def _look(self) -> None:
        self._is_due = False
        if self._netlink.requests.index_of(self._link.name) != self._link.ifindex:
            self._netlink.monitor.catch_up()
            self._netlink.monitor.soon(partial(self._tell, no_link(self._operation, self._link.name)))
