"""net.bridge: a bridge."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.link import BridgeOptions
from netstrata.ports import NewLink, Ports


@configures("net.bridge", layer=1)
async def bridge(ports: Ports, name: LinkName, options: BridgeOptions = NO_OPTIONS) -> Up[None]:
    """Hold a bridge; an equal one that was there before is used, and stays on the way back.

    Example:
        net.bridge("br0", ["stp_state": "on", "forward_delay": "400"]);
        net.bridge.port("br0", "eth0");
        net.up("br0");

    Source: ip-link(8), type bridge.
    """
    async with ports.links.held_link(NewLink(name, "bridge", options)):
        yield
