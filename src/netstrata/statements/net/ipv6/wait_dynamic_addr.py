"""net.ipv6.wait_dynamic_addr: an address that a link was given for some time."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import DOWN, KERNEL, Watch, watches
from netstrata.contract.shapes.address import AddressKind
from netstrata.contract.shapes.common import Ipv6, Ipv6Network, Link, Network, Prefix6, Truth
from netstrata.ports import Ports


class Found(NamedTuple):
    addr: Ipv6
    prefix: Prefix6
    cidr_addr: Ipv6Network
    temporary: Truth


@watches("net.ipv6.wait_dynamic_addr", layer=3)
async def wait_dynamic_addr(ports: Ports, link: Link, kind: AddressKind = "any") -> Watch[Found]:
    """Be up while a link has an IPv6 address with a limited lifetime, as router advertisements and DHCPv6 give them.

    It is up when the address can be used, with the best there is: a preferred one before a deprecated one, a stable one
    before a temporary one; only stable or only temporary ones if a kind is given.  When the address is gone, or it is
    deprecated and another is not, as when a prefix is renumbered, it goes down, and up with the other one.

    Example:
        net.up("eth0");
        net.ipv6.wait_dynamic_addr("eth0", "stable") own;
        println("we are ", own.addr, " in ", own.cidr_addr);

    Source: rtnetlink(7), IFA_F_PERMANENT; RFC 4862 section 5.5.4, RFC 8981; NCD, net.ipv6.wait_dynamic_addr.
    """
    async with aclosing(ports.addresses.watch_dynamic6(link, kind)) as addresses:
        async for found in addresses:
            if isinstance(found, str):
                ports.holder.note(found, KERNEL)
                yield DOWN
            else:
                yield Found(found.address, found.prefix, Network(found.address, found.prefix), found.temporary)
