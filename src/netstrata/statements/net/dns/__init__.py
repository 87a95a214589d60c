"""net.dns: name servers to ask."""

from contextlib import AbstractAsyncContextManager, nullcontext

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.contract.shapes.common import Priority
from netstrata.contract.shapes.dns import DnsOptions, Servers
from netstrata.ports import LinkServers, Ports

_SWITCHES = ("mdns", "llmnr", "dnssec", "dot")


@configures("net.dns", layer=4)
async def dns(ports: Ports, servers: Servers, priority: Priority, options: DnsOptions = NO_OPTIONS) -> Up[None]:
    """Hold name servers in the resolver configuration; smaller priorities are asked first.

    Without any, such as of a lease that names none, it is up, and leaves the configuration as it is.  A link-local
    server is asked over the link that is its zone.  Names without a dot are looked for in the domains of `search`.

    With `link` they are asked over that link.  Names below its `domains` are asked of these servers and of no others,
    and these are then asked for nothing else, unless `default` is on.  For all other names one link's are asked: of
    those with the smallest priority that of the best uplink (`net.gateway`), then whoever came first.  That is so
    where systemd-resolved runs, and, as soon as anybody has `domains`, with a dnsmasq that is started for that.
    resolv.conf alone knows no links and no domains.
    `mdns`, `llmnr`, `dnssec` and `dot` (DNS over TLS) are the link's in systemd-resolved.

    Where NetworkManager makes resolv.conf, its servers stay there: those of a VPN are asked before these, those of its
    other connections after them.  While an interface is exclusive there, or in resolvconf, its end is waited for.

    Example:
        net.dns({"192.0.2.53", "2001:db8::53"}, "20");
        net.dns({"fe80::1%eth0"}, "30");
        net.dns({"192.0.2.53"}, "20", ["search": {"example.org"}]);
        net.dns({"198.51.100.53"}, "20", ["link": "eth0"]);

    Source: resolv.conf(5), org.freedesktop.resolve1(5).
    """
    async with _held(ports, servers, priority, options):
        yield


def _held(ports: Ports, servers: list[bytes], priority: int, options: Options) -> AbstractAsyncContextManager[None]:
    domains, search = options.get("domains", []), options.get("search", [])
    switches = {word: options[word].decode() for word in _SWITCHES if word in options}
    if "link" in options and (servers or search or switches):
        is_default = bool(options.get("default", not domains))
        wanted = LinkServers(options["link"], servers, domains, search, is_default, switches)
        return ports.dns.held_servers(wanted, priority)
    lines = [b"nameserver " + server for server in servers]
    lines += [b"search " + b" ".join(search)] if search else []
    return ports.dns.held_lines(lines, priority) if lines else nullcontext()
