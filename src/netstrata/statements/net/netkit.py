"""net.netkit: a cable with two ends, for containers."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import NetkitOptions
from netstrata.ports import NewLink, Ports


@configures("net.netkit", layer=1)
async def netkit(ports: Ports, name: LinkName, peer: LinkName, options: NetkitOptions = NO_OPTIONS) -> Up[None]:
    """Hold a pair of links, each of which receives what the other one sends: `net.veth` with less work for the kernel.

    In mode l3, the default, there are no Ethernet addresses, and nobody asks for neighbours.  What `name` sends, and no
    BPF program looks at, is let through unless `policy` is blackhole; of `peer` it is `peer_policy`.  `peer` may be
    moved into another network namespace.

    An older kernel than Linux 6.7, or one without it, says that it has no netkit links.

    Example:
        net.netkit("nk0", "nk1");
        net.up("nk0");
        net.up("nk1");

    Source: ip-link(8), type netkit.
    """
    async with ports.links.held_link(NewLink(name, "netkit", options, peer=peer)):
        yield
