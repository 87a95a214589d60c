"""net.ip6tables.append: an IPv6 packet filter rule at the end of its chain."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.filters import Rule
from netstrata.ports import Ports


@configures("net.ip6tables.append", layer=4)
async def append(ports: Ports, rule: Rule) -> Up[None]:
    """Append an IPv6 rule to a chain; remove one copy of it on the way back.

    The words after table and chain are those of ip6tables(8).  If a
    copy of it was there before, that one stays where it is.

    Example:
        net.ip6tables.append("filter", "INPUT", "-s", "2001:db8::/32", "-j", "ACCEPT");
        net.ip6tables.append({"filter", "FORWARD", "-i", "eth1", "-j", "DROP"});

    Source: ip6tables(8), -A; NCD, net.ip6tables.append.
    """
    async with ports.filters.held_rule("ip6tables", rule, first=False):
        yield
