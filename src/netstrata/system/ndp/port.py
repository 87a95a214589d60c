"""The `Advertisements` port."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from netstrata.contract import Holder
from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.contract.shapes.common import Network
from netstrata.contract.shapes.ra import RouterFacts
from netstrata.ports.kernel import Link
from netstrata.protocols.ndp.advertisement import ADVERTISEMENT
from netstrata.protocols.ndp.solicitation import SOLICITATION
from netstrata.system.ndp.advertiser import Advertiser, send_advertisement
from netstrata.system.ndp.given_up import GivenUpPrefixes
from netstrata.system.ndp.listener import RouterListener
from netstrata.system.ndp.sockets import open_icmp6
from netstrata.system.ndp.told_routers import ToldRouters
from netstrata.system.netlink.named_link import named_link
from netstrata.system.netlink.refusals import network_words
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink

_LINKS: Final = 2  # the layer of what makes a link one that can be used


class AdvertisementsPort:
    """The `Advertisements` port, called on behalf of one statement."""

    __slots__ = ("_given_up", "_netlink", "_who")

    def __init__(self, netlink: "Netlink", given_up: GivenUpPrefixes, who: Holder | None = None) -> None:
        self._netlink = netlink
        self._given_up = given_up
        self._who = who
        if who is None:
            given_up.withdraw_with(self._withdraw)

    def on_behalf_of(self, who: Holder) -> "AdvertisementsPort":
        """Return the port for a statement."""
        return AdvertisementsPort(self._netlink, self._given_up, who)

    async def watch_routers(self, link: str) -> AsyncGenerator[RouterFacts | None, None]:
        """Say what the routers of a link advertise: see `ports.Advertisements`."""
        assert self._who is not None
        links = self._netlink.links
        found = links.find(link)
        told = ToldRouters(self._netlink, self._who, found)
        with self._named(link, told.operation), ExitStack() as until:
            opened = open_icmp6(told.operation, found.name, ADVERTISEMENT)
            listener = RouterListener(found.name, found.mac if found.ethernet else b"", opened, told.tell, told.note)
            until.callback(listener.close)
            until.callback(links.follow_carrier(link, listener.has_carrier))
            while True:
                yield await told.take()

    def held_advertising(self, link: str, options: Options) -> AbstractAsyncContextManager[None]:
        """Advertise on a link: see `ports.Advertisements`."""
        return self._held_advertising(link, options)

    @asynccontextmanager
    async def _held_advertising(self, link: str, options: Options) -> AsyncIterator[None]:
        assert self._who is not None
        links, operation = self._netlink.links, f"advertise on {link}"
        found = links.find(link)
        with self._named(link, operation), ExitStack() as until:
            opened = open_icmp6(operation, found.name, SOLICITATION)
            until.callback(opened.close)
            said, ask = (self._given_up.take_over(found), options), partial(self._given_up.of, found)
            advertiser = Advertiser(self._netlink, found, said, opened, ask, self._who.note)
            until.callback(advertiser.end)
            given_up = self._given_up.begin(found, options, self._who.title)
            until.callback(self._end, found, options)
            for network, seconds in given_up.items():
                self._who.note(f"{network_words(*network)} is given up: hosts are told so for {seconds} s")
            until.callback(links.follow_carrier(link, advertiser.has_carrier))
            yield

    def _named(self, link: str, operation: str) -> AbstractContextManager[int]:
        """Have the statement fail when its link is gone, or another one has its name."""
        return named_link(self._netlink.lookup, self._netlink.monitor, link, operation, self._who)

    def _end(self, link: Link, options: Options) -> None:
        """Say the last word, unless the statement is undone only to begin again: then it is up to that."""
        assert self._who is not None
        if self._who.is_redone_above(_LINKS):
            self._given_up.leave(link, options, partial(self._say_last, link, options))
        else:
            self._say_last(link, options)
            self._given_up.end(link, options)

    def _say_last(self, link: Link, options: Options) -> None:
        with suppress(Unavailable):  # the link is gone
            self._take_back(link, options, self._given_up.of(link))

    def _take_back(self, link: Link, options: Options, given_up: dict[Network, int]) -> None:
        """Tell hosts that the router is gone, and all that it has said.

        Raises: Unavailable.
        """
        with open_icmp6(f"advertise on {link.name}", link.name, SOLICITATION) as opened:
            send_advertisement(self._netlink, link, opened, options, given_up, ending=True)

    def _withdraw(self, name: str, ifindex: int, given_up: dict[Network, int]) -> None:
        """Tell hosts of a link that what a daemon before us has advertised counts no more.

        Raises: Unavailable.
        """
        try:
            link = self._netlink.links.find(name)
        except Unavailable:
            return
        if link.ifindex == ifindex:
            self._take_back(link, NO_OPTIONS, given_up)
