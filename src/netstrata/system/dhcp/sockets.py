"""Sockets for a link that has no address yet, opened where that is permitted and handed to who reads them."""

from errno import EINVAL
from socket import (
    AF_INET,
    AF_PACKET,
    SO_PRIORITY,
    SO_RCVBUF,
    SO_REUSEADDR,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOL_SOCKET,
    if_indextoname,
    socket,
)

from netstrata.system.bound_socket import bind_to_link
from netstrata.system.dhcp.driver.packets import PACKET_AUXDATA, SOL_PACKET, STRANGE_NAME
from netstrata.system.dhcp.driver.socket_filters import NOTHING
from netstrata.system.socket_filter import attach_filter

ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806
_CLIENT_PORT = 68


def open_packet_socket(ifindex: int, protocol: int, priority: int = 0) -> socket:
    """Open a packet socket on a link, which lets nothing in until its filter is changed.

    Shapes: priority is that of its packets, 0 to 6, which a VLAN may write into its tag (socket(7), SO_PRIORITY).
    Raises: OSError.
    """
    # Protocol 0 hears nothing: no packet gets in before the filter stands.
    opened = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    try:
        opened.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        opened.setsockopt(SOL_SOCKET, SO_PRIORITY, priority)
        attach_filter(opened, NOTHING)
        opened.bind((_name_of(ifindex), protocol))
    except BaseException:
        opened.close()
        raise
    return opened


def _name_of(ifindex: int) -> str:
    """Return a link's name as packet sockets of Python need it.

    Raises: OSError.
    """
    name = if_indextoname(ifindex)
    if any("\ud800" <= character <= "\udfff" for character in name):  # bytes that are no UTF-8
        raise OSError(EINVAL, STRANGE_NAME)
    return name


def quiet_port(name: str) -> socket | None:
    """Take the client's UDP port on a link without ever reading it; None if somebody else has it.

    Without a taker the kernel would answer each renewal that a server sends to our address with ICMP "port
    unreachable".
    """
    taker = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
    try:
        taker.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        bind_to_link(taker, name)
        taker.setsockopt(SOL_SOCKET, SO_RCVBUF, 0)
        taker.bind(("0.0.0.0", _CLIENT_PORT))
    except OSError:
        taker.close()
        return None
    return taker
