"""net.ip6tnl: IP over IPv6."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import Ip6TnlOptions
from netstrata.ports import NewLink, Ports


@configures("net.ip6tnl", layer=4)
async def ip6tnl(ports: Ports, name: LinkName, options: Ip6TnlOptions) -> Up[None]:
    """Hold a tunnel over IPv6: of IPv6, of IPv4 with the `mode` ipip6, or of both with any; ip6ip6 if none is given.

    As with `ip`, `ttl` is 64 and `encaplimit` 4 if they are not given.

    Example:
        net.ip6tnl("dslite", ["mode": "ipip6", "local": "2001:db8::2", "remote": "2001:db8:1::1"]);
        net.up("dslite");

    Source: ip-link(8), type ip6tnl; RFC 2473.
    """
    async with ports.links.held_link(NewLink(name, "ip6tnl", {"mode": 41, "ttl": 64, "encaplimit": 4, **options})):
        yield
