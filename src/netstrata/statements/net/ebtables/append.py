"""net.ebtables.append: a bridge packet filter rule at the end of its chain."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.filters import Rule
from netstrata.ports import Ports


@configures("net.ebtables.append", layer=4)
async def append(ports: Ports, rule: Rule) -> Up[None]:
    """Append a bridge rule to a chain; remove one copy of it on the way back.

    The words after table and chain are those of ebtables(8).
    One that was there before is not told from it: the first copy goes.

    Example:
        net.ebtables.append("filter", "FORWARD", "-p", "IPv6", "-j", "DROP");
        net.ebtables.append({"filter", "FORWARD", "-i", "eth1", "-j", "DROP"});

    Source: ebtables(8), -A; NCD, net.ebtables.append.
    """
    async with ports.filters.held_rule("ebtables", rule, first=False):
        yield
