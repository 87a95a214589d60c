"""Whom a forwarder of ours asks: for names of domains those who have them, for all others who is first of all."""

from netstrata.protocols.dnsmasq import Upstream
from netstrata.system.dns.file import ResolverFile
from netstrata.system.dns.held_servers import HeldServers, zoned
from netstrata.system.dns.holders import ResolverConfiguration
from netstrata.system.dns.used import servers_in


def upstreams(general: ResolverConfiguration, forwarded: list[HeldServers]) -> list[Upstream]:
    """Return them; those who hold domains come best first."""
    found = [
        Upstream(zoned(server, one.servers.link), domain, one.servers.link)
        for one in forwarded
        for domain in one.servers.domains
        for server in one.servers.servers
    ]
    return found + _of_other_names(general)


def _of_other_names(general: ResolverConfiguration) -> list[Upstream]:
    """Return the servers of the first of all, those of a VPN that NetworkManager has before, or what was found."""
    first = next((one for one in general.holders if one.servers), None)
    own = first.servers if first is not None else []
    asked = general.beside.around([b"nameserver " + server for server in own])
    before = [line.split()[1] for line in asked if line.split()[:1] == [b"nameserver"]]
    if own and before[:1] == own[:1] and first is not None:
        return [Upstream(server, link=first.link) for server in own]
    if own and own[0] in before:
        return [Upstream(server) for server in before[: before.index(own[0])]]
    path = general.backend.found if isinstance(general.backend, ResolverFile) else general.path
    return [Upstream(server) for server in servers_in(path) if server != general.forwarded_to]
