"""net.bond.port: a link in a bond."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link
from netstrata.ports import NewPort, Ports


@configures("net.bond.port", layer=1)
async def port(ports: Ports, bond: Link, link: Link) -> Up[None]:
    """Hold a link in a bond, which sets it up.

    A bond takes only links that are down: one that is up is set down for the moment, with what was on it, and is up
    again afterwards.

    Example:
        net.bond("bond0", ["mode": "802.3ad", "lacp_rate": "fast"]);
        net.bond.port("bond0", "eth0");

    Source: ip-link(8), type bond_slave.
    """
    async with ports.links.held_port(NewPort("bond", bond, link)):
        yield
