"""net.dns: name servers to ask."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Priority
from netstrata.contract.shapes.dns import Servers
from netstrata.ports import Ports
from netstrata.values import format_address


@configures("net.dns", layer=4)
async def dns(ports: Ports, servers: Servers, priority: Priority) -> Up[None]:
    """Hold name servers in the resolver configuration; smaller priorities are asked first.

    Example:
        net.dns({"192.0.2.53", "2001:db8::53"}, "20");

    Source: resolv.conf(5).
    """
    async with ports.dns.held_lines([b"nameserver " + format_address(server) for server in servers], priority):
        yield
