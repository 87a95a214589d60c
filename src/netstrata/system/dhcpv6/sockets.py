"""The socket of a DHCPv6 client, opened where that is permitted and handed to who reads it."""

from ipaddress import IPv6Address
from socket import (
    AF_INET6,
    IPPROTO_IPV6,
    IPV6_MULTICAST_IF,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    socket,
)

from netstrata.system.bound_socket import bind_to_link
from netstrata.system.dhcp.driver.socket_filters import NOTHING
from netstrata.system.socket_filter import attach_filter

CLIENT_PORT = 546


def open_client_socket(link: str, ifindex: int, address: bytes) -> socket:
    """Open the client's port at a link's own link-local address; it lets nothing in until its filter is changed.

    Raises: OSError.
    """
    opened = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
    try:
        attach_filter(opened, NOTHING)
        bind_to_link(opened, link)
        opened.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_IF, ifindex)
        opened.bind((str(IPv6Address(address)), CLIENT_PORT, 0, ifindex))
    except BaseException:
        opened.close()
        raise
    return opened
