"""The model kernel: what it answers to rtnetlink, and in which order it does what follows from a change.

It has no clock.  Carrier, cards that come and go, and the end of duplicate address detection are driven by hand.
What it does not know it refuses with NotModelled.
"""

from collections.abc import Callable, Iterable

from netstrata.protocols.rtnetlink import RouteMessage
from netstrata.protocols.rtnetlink.addresses import IFADDRMSG
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    AF_UNSPEC,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_MULTI,
    NLMSG_DONE,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_DELNEIGH,
    RTM_DELROUTE,
    RTM_DELRULE,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_GETNEIGH,
    RTM_GETROUTE,
    RTM_GETRULE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWNEIGH,
    RTM_NEWROUTE,
    RTM_NEWRULE,
)
from netstrata.protocols.rtnetlink.wire import S32
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.system.netlink import Netlink
from netstrata.system.netlink.monitor import QUEUE_BYTES
from netstrata.testing.model.addresses4 import Addresses4
from netstrata.testing.model.addresses6 import Addresses6
from netstrata.testing.model.ip import run_ip
from netstrata.testing.model.link import ModelLink
from netstrata.testing.model.links import RTM_DELLINKPROP, RTM_NEWLINKPROP, Links
from netstrata.testing.model.messages import NotModelled, Refusal, Request, answer, datagram, requests
from netstrata.testing.model.neighbours import Neighbours
from netstrata.testing.model.routes import Routes
from netstrata.testing.model.routes4 import Routes4
from netstrata.testing.model.routes6 import Routes6
from netstrata.testing.model.rules import Rules
from netstrata.testing.model.sockets import ModelSocket
from netstrata.testing.model.text import text_of
from netstrata.values import Unavailable, parse_address

_PIECE_BYTES = 1 << 14  # of a dump in one datagram
_GETS = (RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETRULE, RTM_GETNEIGH)


class ModelKernel:
    """A kernel's network configuration, in memory.  `netlink` is the way in that the daemon has."""

    def __init__(self) -> None:
        self.duplicates: set[tuple[int, bytes]] = set()
        self.links = Links(self, self.tell)
        self.neighbours = Neighbours(self.links, self.tell)
        self.routes6 = Routes6(self)
        self.routes4 = Routes4(self, self.routes6)
        self.rules = Rules(self.routes4, self.routes6, self.tell)
        self.addresses4 = Addresses4(self.links, self.routes4, self.neighbours, self.tell)
        self.addresses6 = Addresses6(self.links, self.routes6, self.neighbours, self.duplicates, self.tell)
        self.sockets: dict[ModelSocket, None] = {}
        self._ports = 1000
        self._does: dict[int, Callable[[Request], None]] = {
            RTM_NEWLINK: self.links.new,
            RTM_DELLINK: self.links.delete,
            RTM_NEWLINKPROP: self.links.properties,
            RTM_DELLINKPROP: self.links.properties,
            RTM_NEWADDR: lambda request: self._addresses(request).new(request),
            RTM_DELADDR: lambda request: self._addresses(request).delete(request),
            RTM_NEWROUTE: lambda request: self.routes(request.body[0]).new(request),
            RTM_DELROUTE: lambda request: self.routes(request.body[0]).delete(request),
            RTM_NEWRULE: self.rules.new,
            RTM_DELRULE: self.rules.delete,
            RTM_NEWNEIGH: self.neighbours.new,
            RTM_DELNEIGH: self.neighbours.delete,
        }

    # What tests do

    def netlink(self, queue_bytes: int = QUEUE_BYTES, recovery: Recovery = NO_RECOVERY) -> Netlink:
        """Return the ports `links`, `addresses`, `routes`, `rules` and `neighbours` over this kernel."""
        return Netlink(queue_bytes, self.socket, recovery)

    def plug(self, name: str, mac: bytes = b"", carrier: bool = True) -> None:
        """Put in a card, with its cable."""
        self.links.tell(self.links.add(name, "", mac, carrier))
        self.links.watch()

    def unplug(self, name: str) -> None:
        """Take a card out."""
        self.links.remove(self._link(name))

    def carrier(self, name: str, there: bool) -> None:
        """Plug in a cable, or pull it."""
        link = self._link(name)
        if link.kind:
            raise NotModelled(f"the cable of {name}, which is a {link.kind} and has none")
        link.cable = there
        self.links.watch()

    def has_duplicate(self, name: str, address: str) -> None:
        """Let another host on the link of that name have an IPv6 address."""
        packed = parse_address(address.encode())
        if packed is None:
            raise ValueError(f"{address} is no address")
        self.duplicates.add((self._link(name).ifindex, packed))

    def finish_dad(self) -> None:
        """Let duplicate address detection come to its end: addresses are tentative no more, or duplicates."""
        self.addresses6.finish()

    def ip(self, *lines: str) -> str:
        """Run the real ip(8) with this kernel in the place of the machine's, and return what it said.

        Raises: Unavailable if ip fails, or without ip and a C compiler; NotModelled.
        """
        said = ""
        for line in lines:
            done = run_ip(self, line.split())
            if done.returncode != 0:
                raise Unavailable(f"run ip {line}", done.stderr.strip())
            said += done.stdout
        return said

    def setting(self, path: str, value: str = "") -> str:
        """Return a setting below /proc/sys, after writing it if there is a value; the model knows two for each link.

        Raises: NotModelled.
        """
        words = path.split("/")
        if words[:3] == ["net", "ipv4", "conf"] and words[4:] == ["promote_secondaries"]:
            link = self._link(words[3])
            link.promotes = bool(int(value)) if value else link.promotes
            return str(int(link.promotes))
        if words[:3] == ["net", "ipv6", "conf"] and words[4:] == ["accept_dad"]:
            links = list(self.links.by_index.values()) if words[3] == "all" else [self._link(words[3])]
            for link in links if value else ():
                link.accept_dad = int(value)
            return str(links[0].accept_dad)
        raise NotModelled(f"the setting {path}")

    def text(self) -> str:
        """Return one line for each link, address, route and rule, as `Host.kernel` does."""
        families = (*self.addresses4.of_link.values(), *self.addresses6.of_link.values())
        return text_of(
            self.links.by_index.values(),
            [address for of_link in families for address in of_link],
            (*self.routes4.shown(), *self.routes6.shown()),
            [rule.read() for there in self.rules.of_family.values() for rule in there],
        )

    # What the kernel does

    def socket(self, kind: int, protocol: int) -> ModelSocket:
        """Open a socket."""
        if protocol != 0:
            raise NotModelled(f"a netlink socket of the protocol {protocol}")
        self._ports += 1
        opened = ModelSocket(self, self._ports)
        self.sockets[opened] = None
        return opened

    def closed(self, socket: ModelSocket) -> None:
        """Tell a socket nothing any more."""
        self.sockets.pop(socket, None)

    def answers(self, data: bytes, port: int) -> Iterable[bytes]:
        """Do what is asked for, and yield the datagrams that answer it.

        Raises: NotModelled.
        """
        for one in requests(data, port):
            yield from self.answered(one)

    def answered(self, request: Request) -> Iterable[bytes]:
        """Do one thing, and return the datagrams that answer it.

        Raises: NotModelled.
        """
        kind = request.type
        try:
            if kind in _GETS:
                if request.flags & NLM_F_DUMP:
                    return self._dumped(request)
                return (datagram(kind - 2, 0, request.sequence, request.port, self._got(request)),)
            if kind not in self._does:
                raise NotModelled(f"rtnetlink messages of the type {kind}")
            self._does[kind](request)
        except Refusal as refusal:
            return (answer(request, refusal),)
        return (answer(request, None),) if request.flags & NLM_F_ACK else ()

    def tell(self, group: int, kind: int, body: bytes, flags: int = 0, sequence: int = 0, port: int = 0) -> None:
        """Tell all who are in a group."""
        message = datagram(kind, flags, sequence, port, body)
        for one in list(self.sockets):
            one.hear(group, message)

    def routes(self, family: int) -> Routes4 | Routes6:
        """Return the routing tables of a family."""
        if family == AF_INET:
            return self.routes4
        if family == AF_INET6:
            return self.routes6
        raise NotModelled(f"routes of family {family}")

    def has_address(self, address: bytes) -> bool:
        """Say whether this host has an address."""
        return (self.addresses4 if len(address) == 4 else self.addresses6).has(address)

    def look_up(self, family: int, address: bytes, ifindex: int = 0) -> RouteMessage:
        """Return the route that counts for packets to an address: see `Rules.look_up`."""
        return self.rules.look_up(family, address, ifindex)

    def source_towards(self, route: RouteMessage) -> bytes:
        """Return the address that packets by a route come from, b"" if there is none."""
        there = (self.addresses4 if route.family == AF_INET else self.addresses6).of_link.get(route.ifindex, ())
        return next((one.local for one in there), b"")

    def went_up(self, link: ModelLink) -> None:
        """Let come what stands on a link that is up."""
        self.addresses4.link_up(link)
        self.addresses6.link_up(link)

    def went_down(self, link: ModelLink) -> None:
        """Let go what stands on a link that is down: of IPv4 routes the kernel says nothing."""
        self.routes4.link_down(link.ifindex, gone=False)
        self.neighbours.link_down(link)
        self.addresses6.link_down(link)

    def has_carrier(self, link: ModelLink) -> None:
        """Let come what waits for carrier."""
        self.addresses6.link_ready(link)

    def lost_carrier(self, link: ModelLink) -> None:
        """Let go what does not outlive carrier."""
        self.neighbours.lost_carrier(link)

    def renamed(self, link: ModelLink) -> None:
        """Give the addresses of a link other labels."""
        self.addresses4.link_renamed(link)

    def mac_changed(self, link: ModelLink) -> None:
        """Ask for all neighbours anew."""
        self.neighbours.link_down(link)

    def arp_changed(self, link: ModelLink) -> None:
        """Ask for all neighbours anew, or for none."""
        self.neighbours.link_down(link, AF_INET)
        self.neighbours.link_down(link, AF_INET6)

    def mtu_changed(self, link: ModelLink, before: int) -> None:
        """Take IPv6 from a link that is too small for it, or begin with it again."""
        self.addresses6.mtu_changed(link, before)

    def vanishes(self, link: ModelLink) -> None:
        """Let go all that a link had."""
        self.neighbours.link_down(link)
        self.addresses6.link_down(link)
        self.addresses4.link_gone(link)
        self.routes4.link_down(link.ifindex, gone=True)

    def _dumped(self, request: Request) -> list[bytes]:
        pieces: list[bytes] = []
        piece = b""
        for body in self._all(request):
            piece += datagram(request.type - 2, NLM_F_MULTI, request.sequence, request.port, body)
            if len(piece) >= _PIECE_BYTES:
                pieces.append(piece)
                piece = b""
        return [*pieces, piece + datagram(NLMSG_DONE, NLM_F_MULTI, request.sequence, request.port, S32.pack(0))]

    def _all(self, request: Request) -> list[bytes]:
        family = request.body[0]
        if request.type == RTM_GETLINK:
            return self.links.dump(request)
        if request.type == RTM_GETRULE:
            return self.rules.dump(request)
        if request.type == RTM_GETNEIGH:
            return self.neighbours.dump(request)
        if request.type == RTM_GETADDR:
            return self._addresses_of(request, family)
        tables: list[Routes] = [self.routes4, self.routes6] if family == AF_UNSPEC else [self.routes(family)]
        return [body for one in tables for body in one.dump(request)]

    def _addresses_of(self, request: Request, family: int) -> list[bytes]:
        request.attributes(IFADDRMSG.size, ())
        ifindex = IFADDRMSG.unpack_from(request.body)[4]
        if ifindex and ifindex not in self.links.by_index:
            raise Refusal(19)
        return [
            one.body()
            for number, table in ((AF_INET, self.addresses4), (AF_INET6, self.addresses6))
            if family in (AF_UNSPEC, number)
            for index in self.links.by_index
            if ifindex in (0, index)
            for one in table.of_link.get(index, ())
        ]

    def _got(self, request: Request) -> bytes:
        if request.type == RTM_GETLINK:
            return self.links.get(request)
        if request.type == RTM_GETNEIGH:
            return self.neighbours.get(request)
        if request.type == RTM_GETROUTE:
            return self.routes(request.body[0]).get(request)
        raise NotModelled(f"rtnetlink messages of the type {request.type} about one thing")

    def _addresses(self, request: Request) -> Addresses4 | Addresses6:
        family = request.body[0]
        if family not in (AF_INET, AF_INET6):
            raise NotModelled(f"addresses of family {family}")
        return self.addresses4 if family == AF_INET else self.addresses6

    def _link(self, name: str) -> ModelLink:
        link = self.links.named(name)
        if link is None:
            raise ValueError(f"the model has no link {name}")
        return link
