"""net.ipv6.addr: an IPv6 address on a link."""

from netstrata.contract import Up, configures
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.address import Ipv6Address, check_detection
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.link import ipv6_of
from netstrata.ports import Ports


@configures("net.ipv6.addr", layer=3, roles=Roles(keeps=lambda values: ipv6_of(values[0])))
async def addr(ports: Ports, link: Link, address: Ipv6Address) -> Up[None]:
    """Hold an IPv6 address on a link; an address that was there before stays on the way back.

    It is up when it can be used: when the kernel has asked on the link whether another host has it, which takes a
    second or two.  If one has, it fails, and is tried again after the retry time.  Without carrier nobody can be
    asked: then it comes up after the carrier has come.

    With `wait` off it is up at once, and goes down if another host has the address; so it always is in `netstrata-ncd`.
    With `nodad` nobody is asked.  With `optimistic` it can be used while others are asked, if the kernel's
    `optimistic_dad` is on for the link; else it makes no difference.

    Example:
        net.ipv6.addr("eth0", "2001:db8::1/64");
        net.ipv6.addr("eth0", "2001:db8::2", "64");
        net.ipv6.addr("lan0", "2001:db8:1::1/64", ["wait": "off"]);

    Source: rtnetlink(7), RTM_NEWADDR; ip-address(8); RFC 4862 section 5.4, RFC 4429.
    """
    check_detection(address.options, argument=1)
    async with ports.addresses.held_address(link, *address.network, address.options):
        yield
