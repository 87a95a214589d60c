"""What an ACK grants, and whether that is news."""

from math import inf

from netstrata.protocols.dhcpv4.message import FOREVER, Reply, read_gateway
from netstrata.protocols.dhcpv4.states import Grant


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
    routes = reply.routes if reply.routes is not None else ()
    return Grant(
        reply.address, reply.prefix, read_gateway(reply), reply.dns_servers, reply.domain, routes,
        reply.server, mac, since, t1, t2, seconds,
    )  # fmt: skip


def same_terms(one: Grant, other: Grant) -> bool:
    """Say whether a program should see no difference: who granted it and for how long is none, nor is another order.

    Servers that spread their load name the same name servers in turn.  Of routes to the same network, the first counts.
    """
    return _unordered(with_times_of(one, other)) == _unordered(other)


def _unordered(grant: Grant) -> Grant:
    return grant._replace(
        dns_servers=tuple(sorted(set(grant.dns_servers))),
        domain=grant.domain.lower(),
        routes=tuple(sorted(dict.fromkeys(grant.routes), key=lambda route: route[:2])),
    )


def with_times_of(grant: Grant, other: Grant) -> Grant:
    """Return a grant with its terms, from the server and for the time of another."""
    return grant._replace(
        server=other.server, server_mac=other.server_mac, since=other.since, t1=other.t1, t2=other.t2,
        seconds=other.seconds,
    )  # fmt: skip
