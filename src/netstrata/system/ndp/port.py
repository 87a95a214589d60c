"""The `Advertisements` port."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.contract.shapes.ra import RouterFacts
from netstrata.protocols.ndp.advertisement import ADVERTISEMENT
from netstrata.system.ndp.listener import RouterListener
from netstrata.system.ndp.sockets import open_icmp6
from netstrata.system.ndp.told_routers import ToldRouters

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink


class AdvertisementsPort:
    """The `Advertisements` port, called on behalf of one statement."""

    __slots__ = ("_netlink", "_who")

    def __init__(self, netlink: "Netlink", who: Holder | None = None) -> None:
        self._netlink = netlink
        self._who = who

    def on_behalf_of(self, who: Holder) -> "AdvertisementsPort":
        """Return the port for a statement."""
        return AdvertisementsPort(self._netlink, who)

    async def watch_routers(self, link: str) -> AsyncGenerator[RouterFacts | None, None]:
        """Say what the routers of a link advertise: see `ports.Advertisements`."""
        assert self._who is not None
        links = self._netlink.links
        found = links.find(link)
        told = ToldRouters(self._netlink, self._who, found)
        with ExitStack() as until:
            opened = open_icmp6(told.operation, found.name, ADVERTISEMENT)
            listener = RouterListener(found.name, found.mac if found.ethernet else b"", opened, told.tell, told.note)
            until.callback(listener.close)
            until.callback(links.call_on_change(told.look))
            until.callback(links.follow_carrier(link, listener.has_carrier))
            while True:
                yield await told.take()
