"""net.ebtables.insert: a bridge packet filter rule in front of the others of its chain."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.filters import Rule
from netstrata.ports import Ports


@configures("net.ebtables.insert", layer=4)
async def insert(ports: Ports, rule: Rule) -> Up[None]:
    """Insert a bridge rule in front of a chain, or at a position of it; remove one copy of it on the way back.

    The words after table and chain are those of ebtables(8); the first may be a position, from 1.

    Example:
        net.ebtables.insert("filter", "INPUT", "-i", "eth0", "-j", "ACCEPT");
        net.ebtables.insert("filter", "INPUT", "2", "-i", "eth1", "-j", "DROP");

    Source: ebtables(8), -I; NCD, net.ebtables.insert.
    """
    async with ports.filters.held_rule("ebtables", rule, first=True):
        yield
