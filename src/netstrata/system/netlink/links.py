"""Links: there, up, with carrier; what is made of them is next door: see `NetlinkLinks`."""

from collections.abc import AsyncGenerator, Callable

from netstrata.ports.kernel import Link, LinkChange
from netstrata.protocols.rtnetlink import (
    LinkMessage,
    ask_links,
    decode_link,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_UNSPEC,
    RTM_DELLINK,
    RTM_GETLINK,
    RTM_NEWLINK,
    RTNLGRP_LINK,
)
from netstrata.system.held import NO_RECOVERY, Loss, Recovery
from netstrata.system.netlink.bridge_vlans import BridgeVlans
from netstrata.system.netlink.bus import bus_of_link
from netstrata.system.netlink.driver_settings import DriverSettings
from netstrata.system.netlink.forwarding import LinkForwarding
from netstrata.system.netlink.joined import JoinedLinks
from netstrata.system.netlink.link_settings import LinkSettings
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.macsec import MacsecChannels, MacsecKeys
from netstrata.system.netlink.macsec_links import Macsec
from netstrata.system.netlink.made import MadeLinks
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.rates import LinkRates
from netstrata.system.netlink.refusals import LINK_WORDS, no_link, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.up import UpLinks
from netstrata.system.netlink.watchers import Carrier, Census, Presence, Queue, Watchers
from netstrata.values import Unavailable


class NetlinkLinks(Subscriber):
    """The `Links` port over rtnetlink."""

    __slots__ = (
        "_changed",
        "_lookup",
        "_macsec",
        "_monitor",
        "_overrun",
        "_requests",
        "_watchers",
        "channels",
        "drivers",
        "forwarding",
        "heard",
        "joined",
        "keys",
        "made",
        "rates",
        "settings",
        "up",
        "vlans",
    )

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup, recovery: Recovery = NO_RECOVERY
    ) -> None:
        self._requests = requests
        self._monitor = monitor
        self._lookup = lookup
        self._overrun = False
        self._changed: list[Callable[[], None]] = []
        self.heard: list[Callable[[int, LinkMessage], None]] = []  # told what is said of links
        self.made = MadeLinks(requests, monitor, lookup, recovery)
        self.settings = LinkSettings(requests, monitor, lookup, recovery)
        self._watchers = Watchers(self.settings.own_names, requests.index_of)
        self.drivers = DriverSettings(requests, monitor, lookup, recovery)
        self.vlans = BridgeVlans(requests, monitor, lookup, recovery)
        self.forwarding = LinkForwarding(requests, monitor, lookup, recovery)
        self._macsec = Macsec(requests)
        self.channels = MacsecChannels(requests, monitor, lookup, recovery, self._macsec)
        self.keys = MacsecKeys(requests, monitor, lookup, recovery, self._macsec)
        self.rates = LinkRates(requests, monitor, lookup, recovery)
        self.up = UpLinks(requests, monitor, lookup, recovery)
        self.joined = JoinedLinks(requests, monitor, lookup, recovery)
        monitor.subscribe(self, RTM_NEWLINK, RTM_DELLINK)

    def close(self) -> None:
        """Close the sockets of other families."""
        self.drivers.close()
        self._macsec.close()

    @property
    def falls(self) -> int:
        """How often anybody who watches links was told that something is not there any more."""
        return self._watchers.falls

    def bus(self, link: str) -> bytes:
        """Say which bus a link's device sits on."""
        return bus_of_link(link)

    def find(self, link: str) -> Link:
        """Return a link as it is now.

        Raises: Unavailable if there is none.
        """
        operation = f"look at {link}"
        ifindex = self._requests.index_of(link) or self._lookup.former(link)
        if not ifindex:
            raise no_link(operation, link)
        found = self._lookup.read(ifindex, operation)
        return Link(ifindex, found.name, found.up, found.running, found.mac, found.mtu, found.ethernet)

    def call_on_change(self, action: Callable[[], None]) -> Callable[[], None]:
        """Call an action whenever the kernel says anything of any link; return how to do so no more."""
        self._monitor.join(RTNLGRP_LINK)
        self._changed.append(action)
        return lambda: self._call_no_more(action)

    def _call_no_more(self, action: Callable[[], None]) -> None:
        self._changed.remove(action)
        self._monitor.leave(RTNLGRP_LINK)

    async def watch_present(self, link: str) -> AsyncGenerator[bool, None]:
        """Say whether a link of that name exists: now, and at each change; replaced by another one is False, True.

        One that a statement of this program calls otherwise exists as long as it is there, whatever its name is.
        """
        self._begin()
        watcher = Presence(link, self._requests.index_of(link) or self.settings.renamed(link))
        self._watchers.add(watcher)
        try:
            yield watcher.ifindex != 0
            while True:
                yield await watcher.take()
        finally:
            self._watchers.remove(watcher)
            self._monitor.leave(RTNLGRP_LINK)

    def follow_carrier(self, link: str, tell: Callable[[bool], None]) -> Callable[[], None]:
        """Tell whether a link has carrier: now, and at each change; False for good when it is deleted.

        Returns how to tell no more.
        Raises: Unavailable if there is no such link at the start.
        """
        self._begin()
        try:
            found = self.find(link)
        except Unavailable as error:
            self._monitor.leave(RTNLGRP_LINK)
            raise Unavailable(f"watch the carrier of {link}", error.reason, error.errno, error.awaits) from None
        watcher = Carrier(found.ifindex, found.carrier, tell)
        self._watchers.add(watcher)
        tell(found.carrier)
        return lambda: self._follow_no_more(watcher)

    def _follow_no_more(self, watcher: Carrier) -> None:
        self._watchers.remove(watcher)
        self._monitor.leave(RTNLGRP_LINK)

    async def watch_carrier(self, link: str) -> AsyncGenerator[bool, None]:
        """Say whether a link has carrier: see `follow_carrier`."""
        told: Queue[bool] = Queue()
        stop = self.follow_carrier(link, told.put)
        try:
            while True:
                yield await told.take()
        finally:
            stop()

    async def watch_links(self) -> AsyncGenerator[LinkChange, None]:
        """Report every link that exists as added, then what comes and goes; a rename is the old gone, the new added.

        What a statement of this program has renamed goes by both names, and is added by the new one, too.
        Raises: Unavailable if the kernel will not list its links.
        """
        self._begin()
        watcher = Census()
        try:
            for link in sorted(self._all(), key=lambda link: link.ifindex):
                self._watchers.count(watcher, link.ifindex, (*self.settings.own_names(link.ifindex), link.name))
            self._watchers.add(watcher)
        except Unavailable:
            self._monitor.leave(RTNLGRP_LINK)
            raise
        try:
            while True:
                yield await watcher.take()
        finally:
            self._watchers.remove(watcher)
            self._monitor.leave(RTNLGRP_LINK)

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Tell watchers, and note what may have been lost."""
        link = decode_link(data, start, end)
        if link.family != AF_UNSPEC:  # a bridge speaks of its ports in the same words
            self.joined.port_heard(link.ifindex)
            return
        self._lookup.forget()
        for change in list(self._changed):
            change()
        self.made.link_heard(kind, link, data, start, end)
        self.settings.link_heard(kind, link, data, start, end)
        self.joined.link_heard(kind, link, data, start, end)
        self.drivers.link_heard(kind, link, data, start, end)
        self.vlans.link_heard(kind, link, data, start, end)
        if kind == RTM_DELLINK:
            self._watchers.is_gone(link.ifindex)
        else:
            self._watchers.is_there(link)
        self.up.link_heard(kind, link)
        self.rates.link_heard(kind, link)
        self.forwarding.link_heard(kind, link)
        self.channels.link_heard(kind, link)
        self.keys.link_heard(kind, link)
        for listener in self.heard:
            listener(kind, link)

    def on_overrun(self) -> None:
        """Note that everything may be different."""
        self._lookup.forget()
        self._overrun = True

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Tell watchers of what messages were lost about."""
        return [], not self._overrun or self._resync()

    def _resync(self) -> bool:
        """Compare all links with what is known; return whether that was possible."""
        dump = self._requests.dump(RTM_GETLINK, ask_links())
        if dump.answer is not None or not dump.complete:
            return False
        self._overrun = False
        links = {link.ifindex: link for link in _links_in(dump.datagrams)}
        for ifindex in self._watchers.watched() - links.keys():
            self._watchers.is_gone(ifindex)
        for link in links.values():
            self._watchers.is_there(link)
        return True

    def _begin(self) -> None:
        """Subscribe, and take in what was said before, which the first answer will contain already."""
        self._monitor.join(RTNLGRP_LINK)
        self._monitor.drain()

    def _all(self) -> list[LinkMessage]:
        dump = self._requests.dump(RTM_GETLINK, ask_links())
        if dump.answer is not None:
            raise refused("list the links", dump.answer, LINK_WORDS)
        return _links_in(dump.datagrams)


def _links_in(datagrams: list[bytes]) -> list[LinkMessage]:
    return [
        decode_link(data, message.start, message.end)
        for data in datagrams
        for message in messages(data, len(data))
        if message.type == RTM_NEWLINK
    ]
