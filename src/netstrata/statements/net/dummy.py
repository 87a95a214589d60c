"""net.dummy: a link that sends nowhere."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.ports import NewLink, Ports


@configures("net.dummy", layer=1)
async def dummy(ports: Ports, name: LinkName) -> Up[None]:
    """Hold a link that loses what it is to send: for addresses that belong to no cable.

    Example:
        net.dummy("service0");
        net.ipv4.addr("service0", "192.0.2.1/32");

    Source: ip-link(8), type dummy.
    """
    async with ports.links.held_link(NewLink(name, "dummy")):
        yield
