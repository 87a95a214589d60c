"""net.dns: name servers to ask."""

from contextlib import nullcontext

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Priority
from netstrata.contract.shapes.dns import Servers
from netstrata.ports import Ports


@configures("net.dns", layer=4)
async def dns(ports: Ports, servers: Servers, priority: Priority) -> Up[None]:
    """Hold name servers in the resolver configuration; smaller priorities are asked first.

    Without any, such as of a lease that names none, it is up, and leaves the configuration as it is.  A link-local
    server is asked over the link that is its zone.

    Where NetworkManager makes resolv.conf, its servers stay there: those of a VPN are asked before these, those of its
    other connections after them.  While an interface is exclusive there, or in resolvconf, its end is waited for.

    Example:
        net.dns({"192.0.2.53", "2001:db8::53"}, "20");
        net.dns({"fe80::1%eth0"}, "30");

    Source: resolv.conf(5).
    """
    lines = [b"nameserver " + server for server in servers]
    async with ports.dns.held_lines(lines, priority) if lines else nullcontext():
        yield
