"""net.netkit: a pair of links for programs of BPF."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import NetkitOptions
from netstrata.ports import NewLink, Ports


@configures("net.netkit", layer=1)
async def netkit(ports: Ports, name: LinkName, peer: LinkName, options: NetkitOptions = NO_OPTIONS) -> Up[None]:
    """Hold a pair of netkit links: what goes in at one end comes out at the other one; its mode is l3 if none is given.

    Since Linux 6.7.

    Example:
        net.netkit("nk0", "nk1");
        net.up("nk0");

    Source: linux/if_link.h, IFLA_NETKIT.
    """
    async with ports.links.held_link(NewLink(name, "netkit", {"mode": 1, **options}, peer=peer)):
        yield
