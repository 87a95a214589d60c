"""net.ipv6.ra: what the routers of a link advertise."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import DOWN, Revised, Watch, watches
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Link, Strings, Text, Truth
from netstrata.contract.shapes.dhcp import GrantedMtu
from netstrata.contract.shapes.dns import Servers
from netstrata.contract.shapes.ra import Pref64, RaPrefixes, RaRouters, RaRoutes
from netstrata.ports import Ports


class Found(NamedTuple):
    """What all routers of a link say."""

    routers: RaRouters
    prefixes: RaPrefixes
    routes: RaRoutes
    dns_servers: Servers
    search: Strings
    mtu: GrantedMtu
    pref64: Pref64
    captive_portal: Text
    managed: Truth
    other: Truth


@watches("net.ipv6.ra", layer=3, roles=Roles(comes=True))
async def ra(ports: Ports, link: Link) -> Watch[Found]:
    """Be up while routers advertise something on a link, and hold nothing: addresses and routes are the kernel's.

    What changes leaves it up, and redoes the first statement that has read it, with all after it; another order is no
    change, nor is another lifetime, but for a prefix that is not preferred any more.  Each thing is there until its
    lifetime is over, or its router takes it back.  Of several routers all counts, those of the highest preference
    first, with the smallest `mtu`.

    `dns_servers` are for `net.dns`: one that is link-local has its link with it.  `managed` says that there are
    addresses by DHCPv6, `other` that there is something else.  `pref64` is the network that IPv4 addresses are reached
    in by NAT64; it, `mtu` and `captive_portal` are empty if no router says them.

    It hears routers also where the kernel accepts none, as with `accept_ra` 0.  Above the kernel's own default route
    stands `net.gateway` with `advertised`.

    Example:
        net.up("eth0");
        net.ipv6.ra("eth0") ra;
        net.dns(ra.dns_servers, "20");
        If (ra.managed) { println("there is DHCPv6"); };

    Source: RFC 4861 section 6.3.4; RFC 4191, RFC 7559, RFC 8106, RFC 8781, RFC 8910.
    """
    async with aclosing(ports.advertisements.watch_routers(link)) as told:
        async for facts in told:
            if facts is None:
                yield DOWN
            else:
                yield Revised(Found._make(facts))
