"""net.bond: several links as one."""

from netstrata.contract import Up, configures
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.link import BondOptions
from netstrata.ports import NewLink, Ports
from netstrata.values import Map, Refused, Value

_WATCH_THEMSELVES = (b"802.3ad", b"balance-tlb", b"balance-alb")  # the kernel gives them a miimon


def _unwatched(values: list[Value]) -> Refused | None:
    options = values[1] if len(values) > 1 else None
    if not isinstance(options, Map) or options.entries.get(b"mode") in _WATCH_THEMSELVES:
        return None
    if any(options.entries.get(word, b"0") != b"0" for word in (b"miimon", b"arp_interval")):
        return None
    message = "without `miimon` or `arp_interval` this bond never notices that a port has lost its carrier"
    return Refused(message, hint='write ["miimon": "100"]: then another port takes over.', argument=1)


@configures("net.bond", layer=1, roles=Roles(doubts=_unwatched))
async def bond(ports: Ports, name: LinkName, options: BondOptions) -> Up[None]:
    """Hold a bond: several links that are used as one.

    Another port takes over from one without carrier only if the bond looks: with `miimon`, or with `arp_interval`.

    Example:
        net.bond("bond0", ["mode": "active-backup", "miimon": "100"]);
        net.bond.port("bond0", "eth0");
        net.bond.port("bond0", "eth1");
        net.up("bond0");

    Source: ip-link(8), type bond.
    """
    async with ports.links.held_link(NewLink(name, "bond", options)):
        yield
