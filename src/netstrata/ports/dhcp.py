"""Leases of IPv4 addresses."""

from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol


class Lease(NamedTuple):
    """What a DHCPv4 server granted.  Addresses are packed, 4 bytes."""

    address: bytes
    prefix: int
    gateway: bytes | None
    dns_servers: tuple[bytes, ...]
    server_mac: bytes  # 6 bytes
    server: bytes
    seconds: int  # how long it is valid
    domain: bytes = b""


class DhcpOptions(NamedTuple):
    """What a client says of itself."""

    hostname: bytes = b""
    vendor_class: bytes = b""
    auto_client_id: bool = False


class Dhcp(Protocol):
    """A DHCPv4 client."""

    def leases(self, link: str, options: DhcpOptions) -> AsyncIterator[Lease | None]:
        """Yield a lease when one is bound and each time what it says changes; None when it is lost.

        Sends RELEASE when closed with a lease held.
        Raises: Unavailable when the link is not there, is not Ethernet, or goes down.
        """
