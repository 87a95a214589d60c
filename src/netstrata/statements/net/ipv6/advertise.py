"""net.ipv6.advertise: be a router for the hosts on a link."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.advertise import AdvertiseOptions
from netstrata.contract.shapes.common import Link
from netstrata.ports import Ports


@configures("net.ipv6.advertise", layer=4)
async def advertise(ports: Ports, link: Link, options: AdvertiseOptions = NO_OPTIONS) -> Up[None]:
    """Advertise this machine as an IPv6 router on a link, with what its hosts are to know; take it back at the end.

    Of each of the `prefixes` that has 64 bits hosts make themselves an address.  One that was advertised before and is
    no more, as after a renumbering, is said to be given up, for two hours: hosts prefer an address in the new one at
    once, and have a default route all the while.  At the end all of it is taken back, with the router.

    `dns` and `search` are name servers and domains, `routes` networks that are reached over here though the hosts'
    default route leads elsewhere.  With `lifetime` 0 it is no default router, else 1800 s if it is not given;
    `preference` is high, medium or low, among several routers.  `preferred` and `valid` are the lifetimes of prefixes,
    2700 s and 5400 s if not given, and `interval` the longest time between two advertisements, 600 s.  `managed` says
    that there are addresses by DHCPv6, `other` that there is something else; for both there is `net.dnsmasq`.

    It needs no address in a prefix and no other program, and is up at once, also without a cable.  Packets are
    forwarded if the kernel's `forwarding` is on.

    Example:
        net.sysctl("net.ipv6.conf.all.forwarding", "1");
        net.ipv6.addr("eth1", "2001:db8:1::1/64", ["wait": "off"]);
        net.ipv6.advertise("eth1", ["prefixes": {"2001:db8:1::/64"}, "dns": {"2001:db8:1::1"}]);

    Source: RFC 4861 section 6.2; RFC 4191, RFC 8106, RFC 8781, RFC 8910, RFC 9096.
    """
    async with ports.advertisements.held_advertising(link, options):
        yield
