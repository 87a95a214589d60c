"""net.iptables.append: an IPv4 packet filter rule at the end of its chain."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.filters import Rule
from netstrata.ports import Ports


@configures("net.iptables.append", layer=4)
async def append(ports: Ports, rule: Rule) -> Up[None]:
    """Append an IPv4 rule to a chain; remove one copy of it on the way back.

    The words after table and chain are those of iptables(8).  If a
    copy of it was there before, that one stays where it is.

    Example:
        net.iptables.append("filter", "INPUT", "-s", "192.0.2.0/24", "-j", "ACCEPT");
        net.iptables.append({"nat", "POSTROUTING", "-o", "eth0", "-j", "MASQUERADE"});

    Source: iptables(8), -A; NCD, net.iptables.append.
    """
    async with ports.filters.held_rule("iptables", rule, first=False):
        yield
