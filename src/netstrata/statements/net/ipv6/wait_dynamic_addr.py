"""net.ipv6.wait_dynamic_addr: an address that a link was given for some time."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import DOWN, KERNEL, Watch, note, watches
from netstrata.contract.shapes.common import Ipv6, Ipv6Network, Link, Network, Prefix6
from netstrata.ports import Ports


class Found(NamedTuple):
    addr: Ipv6
    prefix: Prefix6
    cidr_addr: Ipv6Network


@watches("net.ipv6.wait_dynamic_addr", layer=3)
async def wait_dynamic_addr(ports: Ports, link: Link) -> Watch[Found]:
    """Be up while a link has an IPv6 address with a limited lifetime, as router advertisements and DHCPv6 give them.

    It follows the first of them; when that is gone, it goes down, and up with another, if there is one.

    Example:
        net.up("eth0");
        net.ipv6.wait_dynamic_addr("eth0") own;
        println("we are ", own.addr, " in ", own.cidr_addr);

    Source: rtnetlink(7), IFA_F_PERMANENT; NCD, net.ipv6.wait_dynamic_addr.
    """
    async with aclosing(ports.addresses.watch_dynamic6(link)) as addresses:
        async for found in addresses:
            if found is None:
                note(f"the address that did not last is gone from {link}", KERNEL)
            yield Found(*found, Network(*found)) if found is not None else DOWN
