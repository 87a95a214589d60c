"""The links of the model: made, changed, deleted, with carrier and without.

Who hears what in which order is what `ip monitor` shows on Linux 6.18: a link that is set up is told of first, then
what stands on it comes, and last, when carrier has been looked at, it is told of again.
Source: net/core/rtnetlink.c, net/core/dev.c, net/core/link_watch.c, drivers/net/veth.c.
"""

import errno
from typing import Protocol

from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_UNSPEC,
    IFF_NOARP,
    IFF_UP,
    IFLA_ADDRESS,
    IFLA_AF_SPEC,
    IFLA_ALT_IFNAME,
    IFLA_EXT_MASK,
    IFLA_IFNAME,
    IFLA_INET_CONF,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_INFO_SLAVE_DATA,
    IFLA_INFO_SLAVE_KIND,
    IFLA_LINK,
    IFLA_LINKINFO,
    IFLA_LINKMODE,
    IFLA_MASTER,
    IFLA_MTU,
    IFLA_NUM_RX_QUEUES,
    IFLA_NUM_TX_QUEUES,
    IFLA_PROP_LIST,
    IPV4_DEVCONF_PROMOTE_SECONDARIES,
    NLM_F_CREATE,
    NLM_F_EXCL,
    PEER_INFO,
    RTM_DELLINK,
    RTM_NEWLINK,
    RTNLGRP_LINK,
)
from netstrata.protocols.rtnetlink.links import IFINFOMSG
from netstrata.testing.model.bridge_ports import BridgePorts
from netstrata.testing.model.kinds import kind_of, lower_link
from netstrata.testing.model.link import (
    DORMANT,
    DOWN,
    LOWER_LAYER_DOWN,
    OPERATIONAL,
    UNKNOWN,
    ModelLink,
)
from netstrata.testing.model.messages import (
    Attributes,
    Notify,
    NotModelled,
    Refusal,
    Request,
    known_attributes,
    number,
    text,
)
from netstrata.testing.model.settings import FLAGS, SETTABLE, set_all

RTM_NEWLINKPROP, RTM_DELLINKPROP = 108, 109
_ASKED = (IFLA_IFNAME, IFLA_ALT_IFNAME, IFLA_EXT_MASK)
_CHANGED = (
    IFLA_ADDRESS, IFLA_AF_SPEC, IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO, IFLA_MASTER, IFLA_MTU, IFLA_NUM_RX_QUEUES,
    IFLA_NUM_TX_QUEUES, IFLA_EXT_MASK, *SETTABLE,
)  # fmt: skip
_INFO = (IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA)
_AF_BRIDGE = 7  # of any other one all links are told


class LinkEvents(Protocol):
    """What follows in the rest of the kernel from what becomes of a link."""

    def went_up(self, link: ModelLink) -> None: ...
    def went_down(self, link: ModelLink) -> None: ...
    def has_carrier(self, link: ModelLink) -> None: ...
    def lost_carrier(self, link: ModelLink) -> None: ...
    def renamed(self, link: ModelLink) -> None: ...
    def mac_changed(self, link: ModelLink) -> None: ...
    def arp_changed(self, link: ModelLink) -> None: ...
    def mtu_changed(self, link: ModelLink, before: int) -> None: ...
    def vanishes(self, link: ModelLink) -> None: ...


class Links:
    """All links, by index."""

    def __init__(self, events: LinkEvents, notify: Notify) -> None:
        self._events = events
        self._notify = notify
        self._last = 1
        self.by_index: dict[int, ModelLink] = {
            1: ModelLink(1, "lo", "lo", bytes(6), mtu=65536, least_mtu=0, most_mtu=0, own_flags=0)
        }
        self._ports = BridgePorts(self.by_index, self.tell)

    def named(self, name: str) -> ModelLink | None:
        """Return the link that goes by a name."""
        return next((one for one in self.by_index.values() if name == one.name or name in one.altnames), None)

    def add(self, name: str, kind: str = "", mac: bytes = b"", cable: bool = True) -> ModelLink:
        """Make a link that nothing else is needed for, as a driver does for a card (no kind)."""
        if self.named(name) is not None:
            raise Refusal(errno.EEXIST)
        self._last += 1
        link = ModelLink(self._last, name, kind, mac or bytes((2, 0, 0)) + self._last.to_bytes(3, "big"), cable=cable)
        link.own_mac = bool(mac)
        self.by_index[link.ifindex] = link
        return link

    def dump(self, request: Request) -> list[bytes]:
        """Return the bodies of all links."""
        asked = request.attributes(IFINFOMSG.size, (*_ASKED, IFLA_MASTER))
        family = IFINFOMSG.unpack_from(request.body)[0]
        if family == _AF_BRIDGE or IFLA_MASTER in asked:
            raise NotModelled(f"a dump of the links of family {family}, or of one bridge")
        return [link.body() for link in self.by_index.values()]

    def get(self, request: Request) -> bytes:
        """Return the body of one link."""
        return self._asked(request, _ASKED)[0].body()

    def new(self, request: Request) -> None:
        """Make a link, or change one."""
        family, _, index, flags, change = IFINFOMSG.unpack_from(request.body)
        if family != AF_UNSPEC:
            raise NotModelled(f"a change of a link in family {family}")
        given = request.attributes(IFINFOMSG.size, _CHANGED)
        link = self.by_index.get(index)
        if not index and IFLA_IFNAME in given:
            link = self.named(text(given[IFLA_IFNAME]))
        if link is None and (index or not request.flags & NLM_F_CREATE):
            raise Refusal(errno.ENODEV)
        if link is None:
            self._make(given, flags & change & IFF_UP)
        elif request.flags & NLM_F_EXCL:
            raise Refusal(errno.EEXIST)
        else:
            self._change(link, given)
            self._set_flags(link, flags, change)

    def _set_flags(self, link: ModelLink, flags: int, change: int) -> None:
        unknown = change & ~(IFF_UP | FLAGS) if change else flags & ~IFF_UP
        if unknown:
            raise NotModelled(f"the flags {unknown:#x} of a link")
        own = link.own_flags & ~change | flags & change & FLAGS
        if change & IFF_UP or (flags and not change):
            self.set_up(link, bool(flags & IFF_UP))
        if own != link.own_flags:
            changed, link.own_flags = own ^ link.own_flags, own
            self.tell(link)
            if changed & IFF_NOARP and link.up:
                self._events.arp_changed(link)

    def delete(self, request: Request) -> None:
        """Delete a link, and with it the other half of a pair and what stands on it."""
        link, _ = self._asked(request, (*_ASKED, IFLA_LINKINFO))
        if not link.kind or link.loopback:
            raise Refusal(errno.EOPNOTSUPP)
        self.remove(link)

    def properties(self, request: Request) -> None:
        """Give a link another name beside its own, or take it away."""
        link, given = self._asked(request, (IFLA_PROP_LIST, *_ASKED))
        names = known_attributes("link properties", given.get(IFLA_PROP_LIST, b""), 0, (IFLA_ALT_IFNAME,))
        for value in names.values():
            name = text(value)
            if request.type == RTM_DELLINKPROP:
                if name not in link.altnames:
                    raise Refusal(errno.ENOENT)
                link.altnames.remove(name)
            elif self.named(name) is not None:
                raise Refusal(errno.EEXIST)
            else:
                link.altnames.append(name)
        self.tell(link)

    def set_up(self, link: ModelLink, up: bool) -> None:
        """Set a link administratively up or down."""
        if link.up == up:
            return
        link.up = up
        self._feel()
        if up:
            self.tell(link)
            self._events.went_up(link)
        else:
            self.tell(link)
            self._events.went_down(link)
        self.watch(link)

    def remove(self, link: ModelLink) -> None:
        """Take links away: the other half of a pair, and what stands on them, too."""
        going = [link, *(one for one in self.by_index.values() if one.peer == link.ifindex)]
        for one in self.by_index.values():
            if one not in going and any(one.below == gone.ifindex for gone in going):
                going.append(one)
        for one in going:
            for port in [port for port in self.by_index.values() if port.master == one.ifindex]:
                self._ports.leave(port)
            if one.master:
                self._ports.leave(one)
            one.peer = 0
        falling = [one for one in going if one.up]
        for one in falling:
            one.up = False
        self._feel()
        for one in falling:
            self.tell(one)
            self._events.went_down(one)
        for one in going:
            self._events.vanishes(one)
            del self.by_index[one.ifindex]
            self.tell(one, RTM_DELLINK)
        self.watch()

    def watch(self, first: ModelLink | None = None) -> None:
        """Look at the carrier of all links, beginning with one, and tell of those where it came or went."""
        self._feel()
        for link in sorted(self.by_index.values(), key=lambda one: one is not first):
            if link.looked_at == link.carrier:
                continue
            link.looked_at = link.carrier
            state = self._state(link)
            if state == link.state:
                continue
            link.state = state
            if not link.up:
                continue
            if link.operational:
                self._events.has_carrier(link)
            else:
                self._events.lost_carrier(link)
            self.tell(link)

    def tell(self, link: ModelLink, kind: int = RTM_NEWLINK) -> None:
        """Tell all who listen to links."""
        self._notify(RTNLGRP_LINK, kind, link.body())

    def _feel(self) -> None:
        """Know which links have carrier; a bridge has it from its ports, so it comes last."""
        for link in sorted(self.by_index.values(), key=lambda one: one.kind == "bridge"):
            if link.kind == "veth":
                peer = self.by_index.get(link.peer)
                link.carrier = link.up and peer is not None and peer.up
            elif link.kind == "bridge":
                ports = (one for one in self.by_index.values() if one.master == link.ifindex)
                link.carrier = link.up and any(one.carrier for one in ports)
            else:
                link.carrier = link.cable and (link.up or not link.kind)

    def _state(self, link: ModelLink) -> int:
        if link.kind in ("lo", "dummy", "vxlan", "ifb"):
            return UNKNOWN  # carrier never changes, so nobody looks at it
        if not link.carrier:
            return LOWER_LAYER_DOWN if link.peer else DOWN
        return DORMANT if number(link.values[IFLA_LINKMODE]) else OPERATIONAL

    def _asked(self, request: Request, known: tuple[int, ...]) -> tuple[ModelLink, Attributes]:
        given = request.attributes(IFINFOMSG.size, known)
        index = IFINFOMSG.unpack_from(request.body)[2]
        name = given.get(IFLA_IFNAME, given.get(IFLA_ALT_IFNAME, b""))
        link = self.by_index.get(index) if index else self.named(text(name)) if name else None
        if link is None:
            raise Refusal(errno.ENODEV)
        return link, given

    def _make(self, given: Attributes, up: int) -> None:
        if IFLA_IFNAME not in given or IFLA_LINKINFO not in given:
            raise NotModelled("a link without a name or a kind")
        info = known_attributes("the kind of a link", given[IFLA_LINKINFO], 0, _INFO)
        name = text(info.get(IFLA_INFO_KIND, b""))
        kind = kind_of(name)
        asked = known_attributes(f"a {name}", info.get(IFLA_INFO_DATA, b""), 0, kind.known)
        data = {**kind.at_first, **(asked if name != "veth" else {})}
        kind.check(data, self.by_index.values())
        below = number(given.get(IFLA_LINK, b"")) or lower_link(name, data)
        if below and below not in self.by_index:
            raise Refusal(errno.ENODEV)
        if below and name != "vxlan":
            raise NotModelled(f"a {name} on another link")
        peer = self._make_peer(asked) if name == "veth" else None
        try:
            link = self._made(name, given)
        except Refusal:
            if peer is not None:
                del self.by_index[peer.ifindex]
            raise
        link.data, link.below = data, below
        if peer is not None:
            peer.peer, link.peer = link.ifindex, peer.ifindex
            self.tell(peer)
        self.tell(link)
        self.watch()
        if up:
            self.set_up(link, True)

    def _make_peer(self, asked: Attributes) -> ModelLink:
        if PEER_INFO not in asked:
            raise NotModelled("a veth whose other half has no name")
        about = known_attributes("the other half of a veth", asked[PEER_INFO], IFINFOMSG.size, _CHANGED)
        return self._made("veth", about)

    def _made(self, kind: str, given: Attributes) -> ModelLink:
        link = self.add(text(given[IFLA_IFNAME]), kind, given.get(IFLA_ADDRESS, b""))
        own = (2, 2) if kind == "veth" else (1, 1)  # one for each processor, up to a limit
        kinds = zip((IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES), own, strict=True)
        link.queues = tuple(number(given[n]) if n in given else default for n, default in kinds)  # type: ignore[assignment]
        if IFLA_MTU in given:
            self._set_mtu(link, number(given[IFLA_MTU]))
        return link

    def _change(self, link: ModelLink, given: Attributes) -> None:
        """Change what is asked for, and tell once of all of it."""
        told = False
        before = link.mtu
        if IFLA_ADDRESS in given:
            self._set_mac(link, given[IFLA_ADDRESS])
        if IFLA_MTU in given:
            changed = self._set_mtu(link, number(given[IFLA_MTU]))
            told = changed or told
            link.own_mtu = link.own_mtu or changed
            if changed and link.master:
                self._ports.mtu_changed(link)
        if IFLA_IFNAME in given and text(given[IFLA_IFNAME]) not in (link.name, *link.altnames):
            name = text(given[IFLA_IFNAME])
            if self.named(name) is not None:
                raise Refusal(errno.EEXIST)
            link.name = name
            self._events.renamed(link)
            told = True
        at_once, if_up = set_all(link.kind, link.values, {n: given[n] for n in SETTABLE if n in given})
        told = told or at_once or (if_up and link.up)
        if IFLA_MASTER in given:
            told = self._ports.put(link, number(given[IFLA_MASTER])) or told
        if IFLA_AF_SPEC in given:
            self._set_promotion(link, given[IFLA_AF_SPEC])
        if IFLA_LINKINFO in given:
            told = self._set_options(link, given[IFLA_LINKINFO]) or told
        if told:
            self.tell(link)
        if link.mtu != before:
            self._events.mtu_changed(link, before)
        self.watch()

    def _set_mac(self, link: ModelLink, mac: bytes) -> None:
        if len(mac) != 6 or mac[0] & 1 or not any(mac):
            raise Refusal(errno.EADDRNOTAVAIL)
        link.mac, link.own_mac = mac, True
        self.tell(link)
        self._events.mac_changed(link)

    def _set_mtu(self, link: ModelLink, mtu: int) -> bool:
        if mtu < link.least_mtu:
            raise Refusal(errno.EINVAL, "mtu less than device minimum")
        if link.most_mtu and mtu > link.most_mtu:
            raise Refusal(errno.EINVAL, "mtu greater than device maximum")
        changed = link.mtu != mtu
        link.mtu = mtu
        return changed

    def _set_promotion(self, link: ModelLink, value: bytes) -> None:
        conf = known_attributes("settings of a link", value, 0, (AF_INET,)).get(AF_INET, b"")
        words = known_attributes("IPv4 settings of a link", conf, 0, (IFLA_INET_CONF,)).get(IFLA_INET_CONF, b"")
        known = (IPV4_DEVCONF_PROMOTE_SECONDARIES,)
        for word in known_attributes("IPv4 settings of a link", words, 0, known).values():
            link.promotes = bool(number(word))

    def _set_options(self, link: ModelLink, value: bytes) -> bool:
        """Change how a link of a kind behaves, or a port; return whether that is told of."""
        info = known_attributes("the kind of a link", value, 0, _INFO)
        if IFLA_INFO_SLAVE_DATA in info:
            return self._ports.set(link, info[IFLA_INFO_SLAVE_DATA])
        if text(info.get(IFLA_INFO_KIND, b"")) != link.kind:
            raise Refusal(errno.EOPNOTSUPP)
        kind = kind_of(link.kind)
        link.data.update(known_attributes(f"a {link.kind}", info.get(IFLA_INFO_DATA, b""), 0, kind.known))
        return link.up  # of a link that is down the kernel says nothing
