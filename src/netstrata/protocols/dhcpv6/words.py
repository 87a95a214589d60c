"""A DHCPv6 client's words for people."""

from collections.abc import Iterable
from math import inf

from netstrata.protocols.dhcpv6.message import Granted, Reply
from netstrata.protocols.dhcpv6.states import Binding, Lease
from netstrata.values import format_ipv6

TOLD_LEAST = 10.0  # renewals that come more often would fill the time line, and wear out the disk


def server_words(duid: bytes) -> str:
    """Return what a server calls itself."""
    return duid.hex(":")


def network_words(networks: Iterable[Binding | Granted]) -> str:
    """Return addresses and prefixes in a row."""
    found = [format_ipv6(one.address).decode() + (f"/{one.prefix}" if one.prefix != 128 else "") for one in networks]
    return f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else (found or ["nothing"])[0]


def granted_words(reply: Reply) -> str:
    """Return what is offered or granted in an answer."""
    ias = (ia for ia in (reply.addresses, reply.prefixes) if ia is not None)
    return network_words(one for ia in ias for one in ia.granted if one.valid > 0)


def refusal_words(reply: Reply) -> str:
    """Return why nothing is granted, in the server's words."""
    parts = (reply, reply.addresses, reply.prefixes)
    said = [part.status.words for part in parts if part is not None and part.status.code]
    return "; ".join(dict.fromkeys(said)) or "nothing of what was asked for"


def time_words(lease: Lease, now: float) -> str:
    """Return for how long something is ours, and whether its renewals are told."""
    end = max((one.valid_until for one in lease.bindings), default=now)
    if end == inf:
        return ", for ever"
    after = lease.renew_at - now
    untold = f": it is renewed every {after:.2g} s, which is not told" if after < TOLD_LEAST else ""
    return f", for {end - now:.0f} s{untold}"


def unanswered_words(what: str, sent: int, wait: float) -> str:
    """Return how often something was asked in vain."""
    plural = "s" if sent > 1 else ""
    return f"{sent} {what}{plural} unanswered, next in {wait:.2g} s"
