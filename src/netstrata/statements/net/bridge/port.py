"""net.bridge.port: a link in a bridge."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.link import BridgePortOptions
from netstrata.ports import NewPort, Ports


@configures("net.bridge.port", layer=1)
async def port(ports: Ports, bridge: Link, link: Link, options: BridgePortOptions = NO_OPTIONS) -> Up[None]:
    """Hold a link in a bridge; one that was in it before stays in it.

    A link that is in another bridge is not taken from it.

    Example:
        net.bridge("br0");
        net.bridge.port("br0", "eth0", ["isolated": "on"]);

    Source: ip-link(8), type bridge_slave.
    """
    async with ports.links.held_port(NewPort("bridge", bridge, link, options)):
        yield
