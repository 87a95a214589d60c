"""net.mtu: the largest packet that a link sends."""

from netstrata.contract import Up, configures
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.dhcp import GrantedMtu
from netstrata.contract.shapes.link import ipv6_of, is_below_ipv6
from netstrata.ports import Ports
from netstrata.values import Value


def _takes(values: list[Value]) -> Value | None:
    return ipv6_of(values[0]) if is_below_ipv6(values[1]) else None


@configures("net.mtu", layer=1, roles=Roles(takes=_takes))
async def mtu(ports: Ports, link: Link, size: GrantedMtu) -> Up[None]:
    """Hold a link at an MTU; put back the one it had.  Without one, as of a lease that says none, it holds nothing.

    Below 1280 the kernel takes all IPv6 addresses of the link away, so it is written above them.

    Of several statements for one link the last one counts, and it may go before or after the others.  This is so for
    `net.mac`, `net.rename` and what `net.link.set` sets, too.  VLANs and macvlans on it that the kernel makes as small
    have their own MTU again after.  Below 1280 the kernel takes IPv6 from a link, and its addresses do not come back.

    Example:
        net.mtu("eth0", "1400");

    Source: ip-link(8), mtu.
    """
    async with ports.links.held_settings(link, {"mtu": size} if size else {}):
        yield
