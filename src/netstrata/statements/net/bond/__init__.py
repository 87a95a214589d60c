"""net.bond: several links as one."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.link import BondOptions
from netstrata.ports import NewLink, Ports


@configures("net.bond", layer=1)
async def bond(ports: Ports, name: LinkName, options: BondOptions) -> Up[None]:
    """Hold a bond: several links that are used as one.

    Example:
        net.bond("bond0", ["mode": "active-backup", "miimon": "100"]);
        net.bond.port("bond0", "eth0");
        net.bond.port("bond0", "eth1");
        net.up("bond0");

    Source: ip-link(8), type bond.
    """
    async with ports.links.held_link(NewLink(name, "bond", options)):
        yield
