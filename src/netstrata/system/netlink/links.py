"""Links: there, up, with carrier; what is made of them is next door, in `made`, `joined` and `link_settings`."""

from collections.abc import AsyncGenerator, Callable

from netstrata.contract import Holder
from netstrata.contract.options import Options
from netstrata.ports.kernel import Link, LinkChange, NewLink, NewPort
from netstrata.protocols.rtnetlink import (
    LinkMessage,
    ask_links,
    decode_link,
    messages,
    set_up,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_UNSPEC,
    RTM_DELLINK,
    RTM_GETLINK,
    RTM_NEWLINK,
    RTNLGRP_LINK,
)
from netstrata.system.netlink.bus import bus_of_link
from netstrata.system.netlink.held import Held, Hold, Listener
from netstrata.system.netlink.joined import HeldPort, JoinedLinks
from netstrata.system.netlink.link_settings import HoldingLinkSettings, LinkSettings
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.made import HeldLink, MadeLinks
from netstrata.system.netlink.monitor import Loss, Monitor, Subscriber
from netstrata.system.netlink.refusals import GONE, LINK_WORDS, no_link, reason_of, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.watchers import Carrier, Census, Presence, Watchers
from netstrata.values import Unavailable


class HeldUp(Held):
    """A link that is held administratively up; by its index."""

    __slots__ = ("ifindex", "name")

    def __init__(self, ours: bool, ifindex: int, name: str) -> None:
        super().__init__(ours)
        self.ifindex = ifindex
        self.name = name


class NetlinkLinks(Subscriber):
    """The `Links` port over rtnetlink."""

    __slots__ = (
        "_changed",
        "_held",
        "_joined",
        "_lookup",
        "_made",
        "_monitor",
        "_overrun",
        "_requests",
        "_settings",
        "_suspects",
        "_watchers",
        "fell",
    )

    def __init__(self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup) -> None:
        self._requests = requests
        self._monitor = monitor
        self._lookup = lookup
        self._held: dict[int, HeldUp] = {}
        self._suspects: set[int] = set()
        self._overrun = False
        self._watchers = Watchers()
        self._changed: list[Callable[[], None]] = []
        self.fell: list[Listener] = []  # told of each link that is down or gone
        self._made = MadeLinks(requests, monitor, lookup)
        self._settings = LinkSettings(requests, monitor, lookup)
        self._joined = JoinedLinks(requests, monitor, lookup)
        monitor.tell(self, RTM_NEWLINK, RTM_DELLINK)

    def held_link(self, link: NewLink) -> Hold[NewLink, HeldLink]:
        """Make a link."""
        return self._made.held_link(link)

    def held_port(self, port: NewPort) -> Hold[NewPort, HeldPort]:
        """Put a link into a bridge, bond or VRF."""
        return self._joined.held_port(port)

    def held_settings(self, link: str, settings: Options) -> HoldingLinkSettings:
        """Set things of a link; put back what was there, if ours still stands."""
        return HoldingLinkSettings(self._settings, link, settings)

    def held_up(self, link: str) -> Hold[str, HeldUp]:
        """Set a link administratively up; down again when the last holder leaves, unless it was up before."""
        return Hold(self, link)

    def hold(self, wish: str, who: Holder | None) -> HeldUp:
        """Set a link up, if it is not."""
        operation = f"set {wish} up"
        ifindex = self._lookup.index_of(wish)
        if not ifindex:
            raise no_link(operation, wish)
        if who is not None:
            self._monitor.join(RTNLGRP_LINK)
        try:
            link = self._lookup.read(ifindex, operation)
            if not link.up:
                answer = self._requests.request(RTM_NEWLINK, 0, set_up(ifindex, True))
                if answer is not None:
                    raise refused(operation, answer, LINK_WORDS)
        except Unavailable:
            if who is not None:
                self._monitor.leave(RTNLGRP_LINK)
            raise
        held = self._held.get(ifindex)
        if held is None:
            held = self._held[ifindex] = HeldUp(not link.up, ifindex, wish)
        held.add(who)
        return held

    def release(self, held: HeldUp, who: Holder | None) -> None:
        """Set a link down if the last one leaves who held it, and it was down before."""
        if who is not None:
            self._monitor.leave(RTNLGRP_LINK)
        if not held.remove(who) or held.gone:
            return
        del self._held[held.ifindex]
        if held.ours:
            answer = self._requests.request(RTM_NEWLINK, 0, set_up(held.ifindex, False))
            if answer is not None and answer.errno not in GONE and who is not None:
                name = self._requests.name_of(held.ifindex)
                who.note(f"cannot set {name} down again: {reason_of(answer, LINK_WORDS)}; ignoring")

    def bus(self, link: str) -> bytes:
        """Say which bus a link's device sits on."""
        return bus_of_link(link)

    def find(self, link: str) -> Link:
        """Return a link as it is now.

        Raises: Unavailable if there is none.
        """
        operation = f"look at {link}"
        ifindex = self._requests.index_of(link)
        if not ifindex:
            raise no_link(operation, link)
        found = self._lookup.read(ifindex, operation)
        return Link(ifindex, found.name, found.up, found.running, found.mac, found.mtu, found.ethernet)

    def call_on_change(self, action: Callable[[], None]) -> None:
        """Call an action whenever the kernel says anything of any link."""
        self._monitor.join(RTNLGRP_LINK)
        self._changed.append(action)

    async def watch_present(self, link: str) -> AsyncGenerator[bool, None]:
        """Say whether a link of that name exists: now, and at each change; replaced by another one is False, True."""
        self._begin()
        watcher = Presence(link, self._requests.index_of(link))
        self._watchers.add(watcher)
        try:
            yield watcher.ifindex != 0
            while True:
                yield await watcher.take()
        finally:
            self._watchers.remove(watcher)
            self._monitor.leave(RTNLGRP_LINK)

    async def watch_carrier(self, link: str) -> AsyncGenerator[bool, None]:
        """Say whether a link has carrier: now, and at each change; False for good when it is deleted.

        Raises: Unavailable if there is no such link at the start.
        """
        self._begin()
        try:
            found = self.find(link)
        except Unavailable as error:
            self._monitor.leave(RTNLGRP_LINK)
            raise Unavailable(f"watch the carrier of {link}", error.reason, error.errno) from None
        watcher = Carrier(found.ifindex, found.carrier)
        self._watchers.add(watcher)
        try:
            yield found.carrier
            while True:
                yield await watcher.take()
        finally:
            self._watchers.remove(watcher)
            self._monitor.leave(RTNLGRP_LINK)

    async def watch_links(self) -> AsyncGenerator[LinkChange, None]:
        """Report every link that exists as added, then what comes and goes; a rename is the old gone, the new added.

        Raises: Unavailable if the kernel will not list its links.
        """
        self._begin()
        watcher = Census({})
        try:
            for link in sorted(self._all(), key=lambda link: link.ifindex):
                watcher.is_there(link.ifindex, link.name)
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
            self._joined.port_heard(link.ifindex)
            return
        self._lookup.forget_names()
        for change in self._changed:
            change()
        self._made.link_heard(kind, link, data, start, end)
        self._settings.link_heard(kind, link, data, start, end)
        self._joined.link_heard(kind, link, data, start, end)
        if kind == RTM_DELLINK:
            self._watchers.is_gone(link.ifindex)
        else:
            self._watchers.is_there(link)
        if kind == RTM_DELLINK or not link.up:
            if link.ifindex in self._held:
                self._suspects.add(link.ifindex)
            for tell in self.fell:
                tell(link.ifindex)

    def overrun(self) -> None:
        """Note that everything may be different."""
        self._overrun = True

    def settle(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        complete = not self._overrun or self._resync()
        losses: list[Loss] = []
        suspects, self._suspects = self._suspects, set()
        for ifindex in suspects:
            held = self._held.get(ifindex)
            if held is None:
                continue
            operation = f"hold {held.name} up"
            try:
                if self._lookup.read(ifindex, operation).up:
                    continue
                reason = Unavailable(operation, "someone set it down")
            except Unavailable as error:
                if error.errno not in GONE:
                    self._suspects.add(ifindex)
                    complete = False
                    continue
                reason = error
            held.gone = True
            del self._held[ifindex]
            losses += [Loss(holder, reason) for holder in held.holders]
        return losses, complete

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
        self._suspects.update(self._held)
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
