"""net.ipv4.arp_probe: whether some host on a link has an address."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import Watch, watches
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Ipv4, Link, Truth
from netstrata.ports import Ports


class Verdict(NamedTuple):
    exists: Truth


@watches("net.ipv4.arp_probe", layer=3, roles=Roles(comes=True))
async def arp_probe(ports: Ports, link: Link, address: Ipv4) -> Watch[Verdict]:
    """Find out whether another host on an Ethernet link has an address, and follow that; up when it is known.

    A host that is there is known of as soon as it answers, one that is not after 6 s.  It is asked again every 15 s.
    Answers of this machine's own links do not count: Linux answers on each for the addresses of all.

    Example:
        net.up("eth0");
        net.ipv4.arp_probe("eth0", "192.0.2.1") router;
        println("the router is there: ", router.exists);

    Source: RFC 5227 section 2.1 (the question); NCD, net.ipv4.arp_probe.
    """
    async with aclosing(ports.events.watch_neighbour(link, address)) as verdicts:
        async for exists in verdicts:
            yield Verdict(exists)
