"""What keeps a link from IPv6, or the kernel from router advertisements there, in words.

Source: Linux, net/ipv6/addrconf.c and ndisc.c; Documentation/networking/ip-sysctl.rst.
"""

import os
from typing import Final

from netstrata.contract.shapes.link import IPV6_MIN_MTU

_CONF: Final = "/proc/sys/net/ipv6/conf"


def why_no_ipv6(link: str, mtu: int) -> str:
    """Say why a link has no IPv6 at all, "" if nothing is known to keep it from that."""
    if mtu < IPV6_MIN_MTU:
        return f"{link} has an MTU of {mtu} bytes, and IPv6 takes {IPV6_MIN_MTU}"
    if not os.path.isdir(_CONF):
        return "this kernel has no IPv6"
    return f"{_name(link, 'disable_ipv6')} is 1" if _read(link, "disable_ipv6") == "1" else ""


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
