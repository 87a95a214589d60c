"""net.sit: IPv6 over IPv4."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import SitOptions
from netstrata.ports import NewLink, Ports


@configures("net.sit", layer=4)
async def sit(ports: Ports, name: LinkName, options: SitOptions) -> Up[None]:
    """Hold a tunnel for IPv6 over IPv4 (6in4); its `mode` is ip6ip if none is given.

    Example:
        net.sit("he0", ["local": "192.0.2.1", "remote": "198.51.100.1", "ttl": "64"]);
        net.up("he0");
        net.ipv6.addr("he0", "2001:db8::2/64");

    Source: ip-link(8), type sit; RFC 4213.
    """
    async with ports.links.held_link(NewLink(name, "sit", {"mode": 41, **options})):
        yield
