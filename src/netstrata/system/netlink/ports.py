"""The ports over rtnetlink, each called on behalf of one statement, or of nobody: see `netstrata.ports.kernel`."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from netstrata.contract import Holder
from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.ports.kernel import (
    DynamicAddress,
    Forwarding,
    Link,
    LinkChange,
    MacsecChannel,
    MacsecKey,
    Neighbour,
    NewLink,
    NewPort,
    Rate,
    Route,
    Rule,
)
from netstrata.ports.prefixes import Subnet
from netstrata.system.held import Hold
from netstrata.system.netlink.addresses import NetlinkAddresses
from netstrata.system.netlink.delegated import DelegatedSubnets, HeldSubnet
from netstrata.system.netlink.forwarding import HeldForwarding, LinkForwarding
from netstrata.system.netlink.held_address import Spec
from netstrata.system.netlink.held_route import HeldRoute
from netstrata.system.netlink.hold_address import HoldAddress
from netstrata.system.netlink.joined import HeldPort
from netstrata.system.netlink.leased import LeasedNetworks
from netstrata.system.netlink.link_overrides import HoldingLinkOverrides
from netstrata.system.netlink.links import NetlinkLinks
from netstrata.system.netlink.macsec import HeldChannel, HeldKey
from netstrata.system.netlink.made import HeldLink
from netstrata.system.netlink.neighbours import HeldNeighbour, NetlinkNeighbours
from netstrata.system.netlink.rates import HeldRate
from netstrata.system.netlink.routes import NetlinkRoutes
from netstrata.system.netlink.rules import HeldRule, NetlinkRules
from netstrata.system.netlink.up import AdminState, HeldState


class LinksPort:
    """The `Links` port."""

    __slots__ = ("_links", "_who")

    def __init__(self, links: NetlinkLinks, who: Holder | None = None) -> None:
        self._links = links
        self._who = who

    def on_behalf_of(self, who: Holder) -> "LinksPort":
        """Return the port for a statement."""
        return LinksPort(self._links, who)

    def held_link(self, link: NewLink) -> Hold[NewLink, HeldLink]:
        """Make a link; deleted when the last holder leaves, unless one that is the same was there before."""
        return Hold(self._links.made, link, self._who)

    def held_port(self, port: NewPort) -> Hold[NewPort, HeldPort]:
        """Put a link into a bridge, bond or VRF; taken out when the last holder leaves, unless it was in it before."""
        return Hold(self._links.joined, port, self._who)

    def held_settings(self, link: str, settings: Options) -> HoldingLinkOverrides:
        """Set things of a link; put back what was there, if ours still stands."""
        return HoldingLinkOverrides(self._links.settings, link, settings, self._who)

    def held_driver(self, link: str, settings: Options) -> HoldingLinkOverrides:
        """Have a link's driver do things otherwise; put back what was there, if ours still stands."""
        return HoldingLinkOverrides(self._links.drivers, link, settings, self._who)

    def held_rate(self, rate: Rate) -> Hold[Rate, HeldRate]:
        """Have a link let through no more; what was there by default comes back when the last holder leaves."""
        return Hold(self._links.rates, rate, self._who)

    def held_vlans(self, link: str, vlans: Options) -> HoldingLinkOverrides:
        """Let a bridge's port, or the bridge itself, be in VLANs; put back what was found, if ours still stands."""
        return HoldingLinkOverrides(self._links.vlans, link, vlans, self._who)

    def held_macsec_channel(self, channel: MacsecChannel) -> Hold[MacsecChannel, HeldChannel]:
        """Have a MACsec link hear another one."""
        return Hold(self._links.channels, channel, self._who)

    def held_macsec_key(self, key: MacsecKey) -> Hold[MacsecKey, HeldKey]:
        """Have a MACsec link know a key."""
        return Hold(self._links.keys, key, self._who)

    def held_up(self, link: str) -> Hold[AdminState, HeldState]:
        """Set a link administratively up; down again when the last holder leaves, unless it was up before."""
        return Hold(self._links.up, AdminState(link, up=True), self._who)

    def held_down(self, link: str) -> Hold[AdminState, HeldState]:
        """Set a link administratively down; up again when the last holder leaves, unless it was down before."""
        return Hold(self._links.up, AdminState(link, up=False), self._who)

    def watch_present(self, link: str) -> AsyncGenerator[bool, None]:
        """Say whether a link of that name exists: now, and at each change."""
        return self._links.watch_present(link)

    def watch_carrier(self, link: str) -> AsyncGenerator[bool, None]:
        """Say whether a link has carrier: now, and at each change."""
        return self._links.watch_carrier(link)

    def follow_carrier(self, link: str, tell: Callable[[bool], None]) -> Callable[[], None]:
        """Tell whether a link has carrier: now, and at each change; return how to tell no more."""
        return self._links.follow_carrier(link, tell)

    def watch_links(self) -> AsyncGenerator[LinkChange, None]:
        """Report every link that exists as added, then what comes and goes."""
        return self._links.watch_links()

    def call_on_change(self, action: Callable[[], None]) -> Callable[[], None]:
        """Call an action whenever the kernel says anything of any link; return how to do so no more."""
        return self._links.call_on_change(action)

    def bus(self, link: str) -> bytes:
        """Say which bus a link's device sits on."""
        return self._links.bus(link)

    def find(self, link: str) -> Link:
        """Return a link as it is now."""
        return self._links.find(link)


class AddressesPort:
    """The `Addresses` port."""

    __slots__ = ("_addresses", "_who")

    def __init__(self, addresses: NetlinkAddresses, who: Holder | None = None) -> None:
        self._addresses = addresses
        self._who = who

    def on_behalf_of(self, who: Holder) -> "AddressesPort":
        """Return the port for a statement."""
        return AddressesPort(self._addresses, who)

    def held_address(self, link: str, address: bytes, prefix: int, options: Options = NO_OPTIONS) -> HoldAddress:
        """Put an address on a link; IPv6 is waited for until it can be used."""
        return HoldAddress(self._addresses, Spec(link, address, prefix, options), self._who)

    def watch_dynamic6(self, link: str, kind: str = "any") -> AsyncGenerator[DynamicAddress | str, None]:
        """Follow the best IPv6 address of a link that does not last for ever."""
        return self._addresses.watch_dynamic6(link, kind, self._who)


class RoutesPort:
    """The `Routes` port."""

    __slots__ = ("_routes", "_who")

    def __init__(self, routes: NetlinkRoutes, who: Holder | None = None) -> None:
        self._routes = routes
        self._who = who

    def on_behalf_of(self, who: Holder) -> "RoutesPort":
        """Return the port for a statement."""
        return RoutesPort(self._routes, who)

    def held_route(self, route: Route) -> Hold[Route, HeldRoute]:
        """Put a route into the kernel's table."""
        return Hold(self._routes, route, self._who)


class RulesPort:
    """The `Rules` port."""

    __slots__ = ("_rules", "_who")

    def __init__(self, rules: NetlinkRules, who: Holder | None = None) -> None:
        self._rules = rules
        self._who = who

    def on_behalf_of(self, who: Holder) -> "RulesPort":
        """Return the port for a statement."""
        return RulesPort(self._rules, who)

    def held_rule(self, rule: Rule) -> Hold[Rule, HeldRule]:
        """Put a rule into the kernel's list."""
        return Hold(self._rules, rule, self._who)


class NeighboursPort:
    """The `Neighbours` port."""

    __slots__ = ("_forwarding", "_neighbours", "_who")

    def __init__(self, neighbours: NetlinkNeighbours, forwarding: LinkForwarding, who: Holder | None = None) -> None:
        self._neighbours = neighbours
        self._forwarding = forwarding
        self._who = who

    def on_behalf_of(self, who: Holder) -> "NeighboursPort":
        """Return the port for a statement."""
        return NeighboursPort(self._neighbours, self._forwarding, who)

    def held_neighbour(self, neighbour: Neighbour) -> Hold[Neighbour, HeldNeighbour]:
        """Put a permanent neighbour into the kernel's table, in the place of one that was only learned."""
        return Hold(self._neighbours, neighbour, self._who)

    def held_forwarding(self, forwarding: Forwarding) -> Hold[Forwarding, HeldForwarding]:
        """Have frames for a hardware address go one way."""
        return Hold(self._forwarding, forwarding, self._who)


class PrefixesPort:
    """The `Prefixes` port, the same for everybody."""

    __slots__ = ("_leased", "_subnets")

    def __init__(self, leased: LeasedNetworks) -> None:
        self._leased = leased
        self._subnets = DelegatedSubnets()

    def held_subnet(self, subnet: Subnet) -> HeldSubnet:
        """Have a network of a prefix for one link alone."""
        return HeldSubnet(self._subnets, subnet)

    async def watch_replaced(self, subnet: Subnet) -> AsyncGenerator[tuple[Subnet, ...], None]:
        """Yield the networks that a link had of prefixes that are to be used no more."""
        async with aclosing(self._leased.watch_replaced((subnet.prefix, subnet.length))) as news:
            async for prefixes in news:
                had = [subnet._replace(prefix=prefix, length=length) for prefix, length in prefixes]
                numbers = [self._subnets.last(one) for one in had]
                found = zip(had, numbers, strict=True)
                yield tuple(one._replace(number=number) for one, number in found if number is not None)
