"""What keeps a link from IPv6, or the kernel from router advertisements there, in words.

Source: Linux, net/ipv6/addrconf.c and ndisc.c; Documentation/networking/ip-sysctl.rst.
"""

import os
from typing import Final

from netstrata.protocols.rtnetlink import Answer, ask_link, decode_link
from netstrata.protocols.rtnetlink.constants import IPV6_MIN_MTU, RTM_GETLINK
from netstrata.protocols.rtnetlink.wire import HEADER_SIZE
from netstrata.system.held import Unanswered
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

_CONF: Final = "/proc/sys/net/ipv6/conf"


def why_no_ipv6(requests: RequestSocket, ifindex: int) -> str:
    """Say why a link has no IPv6 at all, "" if nothing is known to keep it from that."""
    found = requests.get(RTM_GETLINK, ask_link(ifindex))
    if isinstance(found, Answer):
        return ""
    link = decode_link(found, HEADER_SIZE, len(found))
    if link.mtu < IPV6_MIN_MTU:
        return f"{link.name} has an MTU of {link.mtu} bytes, and IPv6 takes {IPV6_MIN_MTU}"
    if not os.path.isdir(_CONF):
        return "this kernel has no IPv6"
    return f"{_name(link.name, 'disable_ipv6')} is 1" if _read(link.name, "disable_ipv6") == "1" else ""


def with_obstacle(error: Unavailable, requests: RequestSocket, ifindex: int, address: bytes) -> Unavailable:
    """Return the error for an address that the kernel does not take, with what keeps its link from IPv6 as reason."""
    obstacle = why_no_ipv6(requests, ifindex) if len(address) == 16 and not isinstance(error, Unanswered) else ""
    return Unavailable(error.operation, obstacle, error.errno, error.awaits) if obstacle else error


def why_nothing_of_routers(requests: RequestSocket, ifindex: int, link: str) -> str:
    """Return what keeps the kernel from making addresses and routes of what routers say, to be put behind words."""
    obstacle = why_no_ipv6(requests, ifindex) or why_not_accepted(link)
    return f"; {obstacle}" if obstacle else ""


def why_not_accepted(link: str) -> str:
    """Say why the kernel makes no addresses and routes of what a link's routers advertise, "" if it does."""
    accept = _read(link, "accept_ra")
    if accept == "0":
        return f"{_name(link, 'accept_ra')} is 0"
    if accept == "1" and _read(link, "forwarding") == "1":
        return f"{_name(link, 'forwarding')} is 1, and {_name(link, 'accept_ra')} not 2"
    return ""


def _read(link: str, setting: str) -> str:
    try:
        with open(f"{_CONF}/{link}/{setting}", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _name(link: str, setting: str) -> str:
    """Return a setting as sysctl(8) writes it."""
    return f"net.ipv6.conf.{link.replace('.', '/')}.{setting}"
