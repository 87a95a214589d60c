"""What statements may ask of the kernel's network configuration.

Every `held_…` is an async context manager: entering does and is confirmed by the kernel, leaving undoes exactly what
entering did.  What was there before stays.  Entering raises Unavailable; leaving never raises.  If someone else
removes or changes what is held, the statement that holds it is told (`Holder.lost`).  Links are named as the kernel
names them; once held, a link is followed by its index, so a rename does not lose it.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from netstrata.contract.options import NO_OPTIONS, Options


class Link(NamedTuple):
    """A link as the kernel shows it."""

    ifindex: int
    name: str
    up: bool  # administratively (IFF_UP)
    carrier: bool  # IFF_RUNNING: administratively up, and the other end is there
    mac: bytes  # 6 bytes on Ethernet
    mtu: int  # bytes
    ethernet: bool  # ARPHRD_ETHER


class LinkChange(NamedTuple):
    """A link that came or went, as `net.watch_interfaces` reports it."""

    added: bool
    name: str
    ifindex: int


class Hop(NamedTuple):
    """One way of a route that has several: as its gateway and link are if it has one."""

    gateway: bytes | None
    link: str | None
    weight: int = 1
    onlink: bool = False


class Route(NamedTuple):
    """A route to hold.  Addresses are packed (4 or 16 bytes, network order); the family is the destination's."""

    destination: bytes
    prefix: int
    gateway: bytes | None  # None: directly on the link
    link: str | None  # None: the one that the gateway is on; not used but by routes that lead to a link
    metric: int  # 0 means none for IPv4, the kernel's 1024 for IPv6
    kind: str = "unicast"  # or local, broadcast, anycast, multicast; blackhole, unreachable, prohibit, throw
    table: int | str = 254  # main; a name is looked up in rt_tables
    source: bytes = b""  # which of our addresses packets come from
    onlink: bool = False  # the gateway is on the link, whatever the addresses say
    tos: int = 0
    scope: int | None = None  # of IPv4; None: what its kind is of
    metrics: Options = NO_OPTIONS  # mtu, advmss and others, as numbers
    hops: tuple[Hop, ...] = ()  # in the place of gateway and link
    in_front: bool = False  # of another one that stands where it would

    @property
    def mtu(self) -> int:
        """Its MTU in bytes; 0: that of the link."""
        return int(self.metrics.get("mtu", 0))


class Rule(NamedTuple):
    """Which packets are looked up in which routing table.  Addresses are packed, prefix length 0 is any."""

    family: int  # 4 or 6
    priority: int  # smallest first
    source: bytes = b""
    source_prefix: int = 0
    destination: bytes = b""
    destination_prefix: int = 0
    iif: str = ""
    oif: str = ""
    mark: int = 0
    mask: int = 0
    users: tuple[int, int] | None = None  # first and last user id
    inverted: bool = False
    kind: str = "unicast"  # or blackhole, unreachable, prohibit, goto
    table: int | str = 254  # 0: none; a name is looked up in rt_tables
    suppress_prefixlength: int = -1  # found routes with no longer prefix do not count; -1: all count
    tos: int = 0
    more: Options = NO_OPTIONS  # ipproto, sport and all else that iproute2 has a word for


class Neighbour(NamedTuple):
    """Which hardware address answers for an address on a link.  Both are packed."""

    link: str
    address: bytes
    mac: bytes


class Forwarding(NamedTuple):
    """Which way frames for a hardware address go: from a VXLAN to another host, or, without one, out of a port."""

    link: str
    mac: bytes
    host: bytes = b""
    port: int = 0  # of UDP, there; 0: the VXLAN's, as the next
    vni: int = 0
    via: str = ""
    vlan: int = 0


class MacsecChannel(NamedTuple):
    """Another one that a MACsec link hears, by its SCI: a hardware address and a port, in network order."""

    link: str
    sci: bytes


class MacsecKey(NamedTuple):
    """A key of a MACsec link, which is a secure association."""

    link: str
    number: int
    key: bytes
    options: Options = NO_OPTIONS  # id, pn, ssci, salt
    sci: bytes = b""  # whose it is; b"": of what the link sends


class NewLink(NamedTuple):
    """A link to make.  Kinds and options have iproute2's names, values are the kernel's numbers."""

    name: str
    kind: str
    options: Options = NO_OPTIONS
    link: str = ""  # the one it stands on, if its kind takes one
    peer: str = ""  # the other end of a pair


class NewPort(NamedTuple):
    """A link to put into another one."""

    kind: str  # of that other one: bridge, bond or vrf
    master: str
    link: str
    options: Options = NO_OPTIONS


class Rate(NamedTuple):
    """How much a link lets through in one direction."""

    link: str
    kind: str  # cake, fq_codel, htb or tbf of what goes out; police of what comes in
    rate: int  # bytes per second; 0: no limit


class Links(Protocol):
    """Links: made, there, up, with carrier; and what they are like."""

    def held_link(self, link: NewLink) -> AbstractAsyncContextManager[None]:
        """Make a link; deleted when the last holder leaves, unless one that is the same was there before.

        Raises: Unavailable also if there is another link of that name, or the kernel has no links of that kind.
        """

    def held_port(self, port: NewPort) -> AbstractAsyncContextManager[None]:
        """Put a link into a bridge, bond or VRF; taken out when the last holder leaves, unless it was in it before."""

    def held_settings(self, link: str, settings: Options) -> AbstractAsyncContextManager[None]:
        """Set things of a link, all or none: `mtu`, `address`, `name` and the other words of `ip link set`.

        What was there is put back, if ours still stands; of several holders of one thing the last one counts.
        """

    def held_driver(self, link: str, settings: Options) -> AbstractAsyncContextManager[None]:
        """Have a link's driver do things otherwise, all or none; put back what was found, if ours still stands."""

    def held_rate(self, rate: Rate) -> AbstractAsyncContextManager[None]:
        """Have a link let through no more; what was there by default comes back when the last holder leaves."""

    def held_vlans(self, link: str, vlans: Options) -> AbstractAsyncContextManager[None]:
        """Let a bridge's port, or the bridge itself, be in VLANs; put back what was found, if ours still stands.

        Shapes: by a VLAN's number `tagged` or `untagged`; `pvid` is the number of the one that untagged frames are in.
        """

    def held_macsec_channel(self, channel: MacsecChannel) -> AbstractAsyncContextManager[None]:
        """Have a MACsec link hear another one, of which it needs a key, too; the same that was there before stays."""

    def held_macsec_key(self, key: MacsecKey) -> AbstractAsyncContextManager[None]:
        """Have a MACsec link know a key; the same that was there before stays."""

    def held_up(self, link: str) -> AbstractAsyncContextManager[None]:
        """Set a link administratively up; down again when the last holder leaves, unless it was up before."""

    def held_down(self, link: str) -> AbstractAsyncContextManager[None]:
        """Set a link administratively down; up again when the last holder leaves, unless it was down before."""

    def watch_present(self, link: str) -> AsyncGenerator[bool, None]:
        """Say whether a link of that name exists: now, and at each change; replaced by another one is False, True."""

    def watch_carrier(self, link: str) -> AsyncGenerator[bool, None]:
        """Say whether a link has carrier: now, and at each change.

        The name is resolved once; a link that is deleted has no carrier, for good.
        Raises: Unavailable if there is no such link at the start.
        """

    def follow_carrier(self, link: str, tell: Callable[[bool], None]) -> Callable[[], None]:
        """Tell whether a link has carrier, as `watch_carrier` does; return how to tell no more."""

    def watch_links(self) -> AsyncGenerator[LinkChange, None]:
        """Report every link that exists as added, then what comes and goes; a rename is the old gone, the new added."""

    def call_on_change(self, action: Callable[[], None]) -> Callable[[], None]:
        """Call an action whenever the kernel says anything of any link; return how to do so no more."""

    def bus(self, link: str) -> bytes:
        """Say which bus a link's device sits on: `pci:…`, `usb:…` or `unknown`."""

    def find(self, link: str) -> Link:
        """Return a link as it is now.

        Raises: Unavailable if there is none.
        """


class Addresses(Protocol):
    """Addresses of either family."""

    def held_address(
        self, link: str, address: bytes, prefix: int, options: Options = NO_OPTIONS
    ) -> AbstractAsyncContextManager[None]:
        """Put an address on a link: without options of global scope and for ever.

        IPv6 is waited for until it can be used.
        Shapes: options have iproute2's names; and `wait`, 0 for being up at once.
        Raises: Unavailable also if another host on the link has an IPv6 address.
        """

    def watch_dynamic6(self, link: str, kind: str = "any") -> "AsyncGenerator[DynamicAddress | str, None]":
        """Follow the best IPv6 address of a link that does not last for ever; why, when it is no more, then the next.

        None is told before it can be used, and a deprecated one only if there is no other.
        Shapes: kind is `stable`, `temporary` or `any`, which is a stable one before a temporary one; or `link-local`.
        Raises: Unavailable if there is no such link.
        """


class DynamicAddress(NamedTuple):
    """An IPv6 address that does not last for ever; packed."""

    address: bytes
    prefix: int
    temporary: bool  # for privacy, and soon another


class Routes(Protocol):
    """Routes of either family."""

    def held_route(self, route: Route) -> AbstractAsyncContextManager[None]:
        """Put a route into the kernel's table."""


class Rules(Protocol):
    """Rules of either family."""

    def held_rule(self, rule: Rule) -> AbstractAsyncContextManager[None]:
        """Put a rule into the kernel's list."""


class Neighbours(Protocol):
    """Neighbours of either family."""

    def held_neighbour(self, neighbour: Neighbour) -> AbstractAsyncContextManager[None]:
        """Put a permanent neighbour into the kernel's table, in the place of one that was only learned."""

    def held_forwarding(self, forwarding: Forwarding) -> AbstractAsyncContextManager[None]:
        """Have frames for a hardware address go one way; the same that was there before stays."""
