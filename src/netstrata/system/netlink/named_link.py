"""The link that has a name, for as long as it has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.system.held.wait_queues import NAME
from netstrata.system.netlink.refusals import no_link
from netstrata.values import Awaited

if TYPE_CHECKING:
    from netstrata.system.netlink.lookup import LinkLookup
    from netstrata.system.netlink.monitor import Monitor


@contextmanager
def named_link(
    lookup: "LinkLookup", monitor: "Monitor", link: str, operation: str, who: Holder | None
) -> Iterator[int]:
    """Know which link has a name; who asks has lost it when that is another one, or none.

    Raises: Unavailable.
    """
    ifindex = lookup.index_of(link)
    if not ifindex:
        raise no_link(operation, link)

    def look() -> None:
        if lookup.index_of(link) != ifindex:
            # What stands on somebody else who watches the link is undone by then, and says nothing.
            monitor.catch_up()
            monitor.soon(tell)

    def tell() -> None:
        if who is not None and stops:
            who.lost(no_link(operation, link))

    def look_soon() -> None:
        monitor.soon(look)

    stops = [monitor.wait_queues.wait(Awaited(NAME, link), look_soon)]
    try:
        yield ifindex
    finally:
        stops.pop()()
