"""What an ACK grants, and whether that is news."""

from math import inf

from netstrata.protocols.dhcpv4 import options as option
from netstrata.protocols.dhcpv4.message import FOREVER, NOWHERE, Reply, read_gateway
from netstrata.protocols.dhcpv4.options import Route, is_a_hosts
from netstrata.protocols.dhcpv4.states import Grant
from netstrata.protocols.uplink_routes import in_order

# Options that are compared as what they mean.
_READ = {
    option.MASK, option.ROUTERS, option.DNS_SERVERS, option.HOSTNAME, option.DOMAIN, option.MTU, option.STATIC_ROUTES,
    option.NTP_SERVERS, option.CAPTIVE_PORTAL, option.SEARCH, option.CLASSLESS_ROUTES, option.MICROSOFT_ROUTES,
}  # fmt: skip


def grant_from(reply: Reply, mac: bytes, since: float, chance: float) -> Grant:
    """Return what an ACK grants, counted from when it was asked for.

    The server's T1 and T2 are taken if they make sense, else half and seven eighths; both a little early by chance,
    so that many clients do not renew at once.
    Source: RFC 2131 section 4.4.5.
    """
    seconds = t1 = t2 = inf
    if reply.seconds != FOREVER:
        seconds = float(reply.seconds)
        t1 = float(reply.t1 or 0) or seconds * 0.5
        t2 = float(reply.t2 or 0) or seconds * 0.875
        if not t1 < t2 < seconds:
            t1, t2 = seconds * 0.5, seconds * 0.875
        t1 *= 1 - chance / 50
        t2 *= 1 - chance / 50
    return Grant(
        reply.address, reply.prefix, read_gateway(reply), reply.dns_servers, reply.domain, _routes(reply),
        reply.server, mac, since, t1, t2, seconds, reply.extras,
    )  # fmt: skip


def _routes(reply: Reply) -> tuple[Route, ...]:
    """Return all routes of a lease, the default one too, in an order in which a kernel takes them.

    A server of single addresses (/32) means that the gateway is on the link.  A route whose gateway no host can be, or
    which is the leased address itself, does not count.
    """
    granted = reply.routes
    if granted is None:
        gateway = read_gateway(reply)
        granted = reply.static_routes + (((NOWHERE, 0, gateway),) if gateway is not None else ())
    good = [route for route in granted if route[2] == NOWHERE or (is_a_hosts(route[2]) and route[2] != reply.address)]
    return in_order(reply.address, reply.prefix, good)


def same_terms(one: Grant, other: Grant) -> bool:
    """Say whether a program should see no difference: who granted it and for how long is none, nor is another order.

    Servers that spread their load name the same name servers in turn.
    """
    return _unordered(with_times_of(one, other)) == _unordered(other)


def _unordered(grant: Grant) -> Grant:
    return grant._replace(
        dns_servers=tuple(sorted(set(grant.dns_servers))),
        domain=grant.domain.lower(),
        routes=tuple(sorted(grant.routes)),
        extras=grant.extras._replace(
            ntp_servers=tuple(sorted(set(grant.extras.ntp_servers))),
            options=tuple((code, value) for code, value in grant.extras.options if code not in _READ),
        ),
    )


def with_times_of(grant: Grant, other: Grant) -> Grant:
    """Return a grant with its terms, from the server and for the time of another."""
    return grant._replace(
        server=other.server, server_mac=other.server_mac, since=other.since, t1=other.t1, t2=other.t2,
        seconds=other.seconds,
    )  # fmt: skip
