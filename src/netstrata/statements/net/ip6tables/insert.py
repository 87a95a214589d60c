"""net.ip6tables.insert: an IPv6 packet filter rule in front of the others of its chain."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.filters import Rule
from netstrata.ports import Ports


@configures("net.ip6tables.insert", layer=4)
async def insert(ports: Ports, rule: Rule) -> Up[None]:
    """Insert an IPv6 rule in front of a chain, or at a position of it; remove one copy of it on the way back.

    The words after table and chain are those of ip6tables(8); the first may be a position, from 1.

    Example:
        net.ip6tables.insert("filter", "INPUT", "-i", "lo", "-j", "ACCEPT");
        net.ip6tables.insert("filter", "INPUT", "2", "-s", "2001:db8:7::/48", "-j", "DROP");

    Source: ip6tables(8), -I; NCD, net.ip6tables.insert.
    """
    async with ports.filters.held_rule("ip6tables", rule, first=True):
        yield
