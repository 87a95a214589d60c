"""net.iptables.insert: an IPv4 packet filter rule in front of the others of its chain."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.filters import Rule
from netstrata.ports import Ports


@configures("net.iptables.insert", layer=4)
async def insert(ports: Ports, rule: Rule) -> Up[None]:
    """Insert an IPv4 rule in front of a chain, or at a position of it; remove one copy of it on the way back.

    The words after table and chain are those of iptables(8); the first may be a position, from 1.

    Example:
        net.iptables.insert("filter", "INPUT", "-i", "lo", "-j", "ACCEPT");
        net.iptables.insert("filter", "INPUT", "2", "-s", "198.51.100.7", "-j", "DROP");

    Source: iptables(8), -I; NCD, net.iptables.insert.
    """
    async with ports.filters.held_rule("iptables", rule, first=True):
        yield
