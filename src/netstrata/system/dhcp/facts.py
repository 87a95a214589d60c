"""What a DHCP client has to know of its link, asked of the kernel of this network namespace by ioctl."""

from fcntl import ioctl
from socket import AF_INET, SOCK_CLOEXEC, SOCK_DGRAM, socket
from struct import pack, unpack_from
from typing import NamedTuple

from netstrata.values import Unavailable

# linux/sockios.h
_SIOCGIFNAME = 0x8910
_SIOCGIFFLAGS = 0x8913
_SIOCGIFMTU = 0x8921
_SIOCGIFHWADDR = 0x8927
_SIOCGIFINDEX = 0x8933
_IFREQ = 40
_IFNAMSIZ = 16

_IFF_UP = 0x1
_IFF_RUNNING = 0x40
_ARPHRD_ETHER = 1


class LinkFacts(NamedTuple):
    """A link as it was when asked."""

    ifindex: int
    mac: bytes
    mtu: int
    up: bool
    carrier: bool
    ethernet: bool


def read_link(name: str) -> LinkFacts:
    """Return what the kernel says of a link.

    Raises: Unavailable if there is none.
    Source: netdevice(7).
    """
    request = name.encode("utf-8", "surrogateescape").ljust(_IFREQ, b"\0")
    with socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC) as asking:
        try:
            (ifindex,) = unpack_from("=i", ioctl(asking, _SIOCGIFINDEX, request), _IFNAMSIZ)
            (flags,) = unpack_from("=H", ioctl(asking, _SIOCGIFFLAGS, request), _IFNAMSIZ)
            (mtu,) = unpack_from("=i", ioctl(asking, _SIOCGIFMTU, request), _IFNAMSIZ)
            kind, mac = unpack_from("=H6s", ioctl(asking, _SIOCGIFHWADDR, request), _IFNAMSIZ)
        except OSError as error:
            raise Unavailable(f"ask for a lease on {name}", error.strerror or str(error), error.errno or 0) from None
    return LinkFacts(ifindex, mac, mtu, bool(flags & _IFF_UP), bool(flags & _IFF_RUNNING), kind == _ARPHRD_ETHER)


def has_carrier(ifindex: int) -> bool:
    """Say whether a link, whatever its name is by now, could carry a packet."""
    with socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC) as asking:
        try:
            named = ioctl(asking, _SIOCGIFNAME, pack("=16si20x", b"", ifindex))
            (flags,) = unpack_from("=H", ioctl(asking, _SIOCGIFFLAGS, named), _IFNAMSIZ)
        except OSError:
            return False
    return bool(flags & _IFF_UP) and bool(flags & _IFF_RUNNING)
