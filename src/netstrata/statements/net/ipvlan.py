"""net.ipvlan: other addresses on a link, with its hardware address."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link, LinkName
from netstrata.contract.shapes.tunnels import IpvlanMode, IpvlanReach
from netstrata.ports import NewLink, Ports


@configures("net.ipvlan", layer=1)
async def ipvlan(ports: Ports, link: Link, name: LinkName, mode: IpvlanMode = 1, reach: IpvlanReach = 0) -> Up[None]:
    """Hold a link on another link, of which it has the hardware address; its mode is l3, and bridge, if none is given.

    All IPVLANs of one link have one mode.

    Example:
        net.ipvlan("eth0", "guest0");
        net.ipvlan("eth0", "guest1", "l3", "bridge");

    Source: ip-link(8), type ipvlan.
    """
    async with ports.links.held_link(NewLink(name, "ipvlan", {"mode": mode, "flags": reach}, link)):
        yield
