"""What a DHCP client has to know of its link and its neighbours here, asked of this network namespace's kernel."""

from contextlib import closing
from fcntl import ioctl
from socket import AF_INET, SOCK_CLOEXEC, SOCK_DGRAM, socket
from struct import unpack_from
from typing import NamedTuple

from netstrata.protocols.rtnetlink import Malformed, ask_link, ask_links, carrier_changes, decode_link, messages
from netstrata.protocols.rtnetlink.constants import RTM_GETLINK, RTM_NEWLINK
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

# linux/sockios.h
_SIOCGIFFLAGS = 0x8913
_SIOCGIFMTU = 0x8921
_SIOCGIFHWADDR = 0x8927
_SIOCGIFINDEX = 0x8933
_IFREQ = 40
_IFNAMSIZ = 16

_IFF_UP = 0x1
_ARPHRD_ETHER = 1


class LinkFacts(NamedTuple):
    """A link as it was when asked."""

    ifindex: int
    mac: bytes
    mtu: int
    up: bool
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
    return LinkFacts(ifindex, mac, mtu, bool(flags & _IFF_UP), kind == _ARPHRD_ETHER)


def read_carrier_changes(ifindex: int) -> int:
    """Return how often a link has got or lost its carrier; -1 if the kernel does not say."""
    try:
        with closing(RequestSocket()) as requests:
            data = requests.get(RTM_GETLINK, ask_link(ifindex))
        if isinstance(data, bytes):
            for message in messages(data, len(data)):
                if message.type == RTM_NEWLINK:
                    return carrier_changes(data, message.start, message.end)
    except (OSError, Malformed):
        pass
    return -1


def own_macs() -> frozenset[bytes]:
    """Return the Ethernet addresses of all links; none if the kernel does not answer."""
    found: set[bytes] = set()
    try:
        with closing(RequestSocket()) as requests:
            datagrams = requests.dump(RTM_GETLINK, ask_links()).datagrams
    except OSError:
        return frozenset()
    for data in datagrams:
        for message in messages(data, len(data)):
            if message.type == RTM_NEWLINK:
                link = decode_link(data, message.start, message.end)
                if link.arphrd == _ARPHRD_ETHER:
                    found.add(link.mac)
    return frozenset(found)
