"""net.veth: a cable with two ends."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.link import VethOptions
from netstrata.ports import NewLink, Ports


@configures("net.veth", layer=1)
async def veth(ports: Ports, name: LinkName, peer: LinkName, options: VethOptions = NO_OPTIONS) -> Up[None]:
    """Hold a pair of links, each of which receives what the other one sends.

    If one of them is deleted, so is the other; then both are made again.  So they are if `name` is moved into another
    network namespace, where it ends; `peer` may be moved, and works on there.

    Example:
        net.veth("lan0", "lan1");
        net.up("lan0");
        net.up("lan1");

    Source: veth(4).
    """
    async with ports.links.held_link(NewLink(name, "veth", options, peer=peer)):
        yield
