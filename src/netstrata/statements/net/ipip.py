"""net.ipip: IPv4 over IPv4."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import IpipOptions
from netstrata.ports import NewLink, Ports


@configures("net.ipip", layer=4)
async def ipip(ports: Ports, name: LinkName, options: IpipOptions) -> Up[None]:
    """Hold a tunnel for IPv4 over IPv4; its `mode` is ipip if none is given.

    Example:
        net.ipip("tun1", ["local": "192.0.2.1", "remote": "198.51.100.1"]);
        net.up("tun1");

    Source: ip-link(8), type ipip; RFC 2003.
    """
    async with ports.links.held_link(NewLink(name, "ipip", {"mode": 4, **options})):
        yield
