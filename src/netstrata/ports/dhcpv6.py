"""Leases of IPv6 addresses and prefixes."""

from collections.abc import AsyncGenerator
from typing import NamedTuple, Protocol

from netstrata.contract.shapes.dhcpv6 import Dhcpv6Options

__all__ = ["Dhcpv6", "Dhcpv6Lease", "Dhcpv6Options"]


class Dhcpv6Lease(NamedTuple):
    """What a DHCPv6 server grants, and says of the network.  Addresses are packed, with a prefix length."""

    addresses: tuple[tuple[bytes, int], ...]  # those that are best used: preferred ones, if there are any
    prefixes: tuple[tuple[bytes, int], ...]
    server_duid: bytes
    dns_servers: tuple[bytes, ...] = ()
    search: tuple[bytes, ...] = ()
    ntp_servers: tuple[bytes, ...] = ()  # addresses as text, and names
    hostname: bytes = b""
    captive_portal: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()  # all that is said of the network, as it came


class Dhcpv6(Protocol):
    """A DHCPv6 client."""

    def leases(self, link: str, options: Dhcpv6Options) -> AsyncGenerator[Dhcpv6Lease | None, None]:
        """Yield a lease when one is bound, and again when its terms change; None when it is lost.

        Another server, time or order is no such change; that something is preferred no more is one if another is.  To
        be closed with `aclosing`: it sends RELEASE then if a lease is held and the link has carrier; without carrier it
        is kept for the next time.
        Raises: Unavailable when the link is not there, or loses its link-local address.
        """
