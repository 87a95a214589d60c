"""net.macvlan: another hardware address on a link."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link, LinkName
from netstrata.contract.shapes.link import MacvlanMode
from netstrata.ports import NewLink, Ports


@configures("net.macvlan", layer=1)
async def macvlan(ports: Ports, link: Link, name: LinkName, mode: MacvlanMode = 2) -> Up[None]:
    """Hold a link with a hardware address of its own on another link; its mode is vepa if none is given.

    Example:
        net.macvlan("eth0", "guest0", "bridge");

    Source: ip-link(8), type macvlan.
    """
    async with ports.links.held_link(NewLink(name, "macvlan", {"mode": mode}, link)):
        yield
