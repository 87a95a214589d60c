"""Leases of IPv4 addresses."""

from collections.abc import AsyncGenerator
from typing import NamedTuple, Protocol

from netstrata.contract.shapes.dhcp_client import DhcpOptions

__all__ = ["Dhcp", "DhcpOptions", "Lease"]


class Lease(NamedTuple):
    """What a DHCPv4 server granted.  Addresses are packed, 4 bytes."""

    address: bytes
    prefix: int
    gateway: bytes | None
    dns_servers: tuple[bytes, ...]
    server_mac: bytes  # 6 bytes
    server: bytes
    seconds: float  # how long it is valid; inf is for ever
    domain: bytes = b""
    routes: tuple[tuple[bytes, int, bytes], ...] = ()  # destination, prefix length, gateway (0.0.0.0: the link itself)
    mtu: int = 0  # bytes; 0 if the server says none
    ntp_servers: tuple[bytes, ...] = ()
    search: tuple[bytes, ...] = ()
    hostname: bytes = b""
    captive_portal: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()  # all that is said of the network, as it came


class Dhcp(Protocol):
    """A DHCPv4 client."""

    def leases(self, link: str, options: DhcpOptions) -> AsyncGenerator[Lease | None, None]:
        """Yield a lease when one is bound, and again when a renewal changes its terms; None when it is lost.

        Another server, time or order of name servers and routes is no such change.  To be closed with `aclosing`: it
        sends RELEASE then if a lease is held and the link has carrier; without carrier it is kept for the next time.
        Raises: Unavailable when the link is not there, is not Ethernet, is not up, or goes down.
        """
