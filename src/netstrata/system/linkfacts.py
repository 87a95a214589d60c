"""What can be read of links at a moment: state and counters, speed, and how a wireless one is received.

Sockets are opened for one reading, in the network namespace of the thread that reads; nothing here waits, and what is
read is read in slices, so that whoever asks of 10,000 links holds up nobody.
"""

import errno
import socket
from array import array
from collections.abc import Generator, Iterator
from contextlib import closing
from fcntl import ioctl
from struct import Struct
from typing import NamedTuple

from netstrata.protocols import genetlink, nl80211
from netstrata.protocols.ethtool import SIOCETHTOOL, Speed, ask_speed, decode_speed
from netstrata.protocols.nl80211 import Reception
from netstrata.protocols.rtnetlink import (
    Answer,
    Counters,
    LinkMessage,
    Malformed,
    Message,
    ask_with_counters,
    decode_counters,
    decode_link,
    messages,
)
from netstrata.protocols.rtnetlink.constants import ARPHRD_ETHER, ARPHRD_LOOPBACK, RTM_GETLINK, RTM_NEWLINK
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

_IFREQ = Struct("=16sQ16x")
_Air = dict[int, tuple[str | None, Reception | None]]  # the network and the reception of each wireless link
_LONGEST_NAME = 127  # bytes; ALTIFNAMSIZ in linux/if.h
_READ = "read the state of links"


class LinkFacts(NamedTuple):
    """A link as it is now; reception and ssid are None if it is not wireless, or in no network."""

    message: LinkMessage
    counters: Counters
    speed: Speed
    ssid: str | None
    reception: Reception | None
    wireless: bool

    @property
    def kind(self) -> str:
        """What sort of link it is, as iproute2 calls it if it was made, else wifi, ethernet, loopback or other."""
        if self.message.kind:
            return self.message.kind
        if self.wireless:
            return "wifi"
        return {ARPHRD_ETHER: "ethernet", ARPHRD_LOOPBACK: "loopback"}.get(self.message.arphrd, "other")


def read_links(name: str | None = None) -> Generator[None, None, list[LinkFacts]]:
    """Return all links by index, or those of a name: one or none; in slices of some 20 links.

    Raises: Unavailable if the kernel does not answer.
    """
    found: list[LinkFacts] = []
    try:
        with closing(RequestSocket()) as requests, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            air = _read_air()
            datagrams = _all(requests) if name is None else iter(_one(requests, name))
            for data in datagrams:
                found += _facts(data, asking, air)
                yield
    except OSError as error:
        raise Unavailable(_READ, error.strerror or "no socket", error.errno or 0) from error
    except Malformed as error:
        raise Unavailable(_READ, str(error), errno.EPROTO) from error
    return sorted(found, key=lambda facts: facts.message.ifindex)


def _facts(data: bytes, asking: socket.socket, air: _Air) -> Iterator[LinkFacts]:
    for message in messages(data, len(data)):
        if message.type == RTM_NEWLINK:
            link = decode_link(data, message.start, message.end)
            counters = decode_counters(data, message.start, message.end)
            ssid, reception = air.get(link.ifindex, (None, None))
            yield LinkFacts(link, counters, _read_speed(asking, link.name), ssid, reception, link.ifindex in air)


def _all(requests: RequestSocket) -> Iterator[bytes]:
    answer, _ = yield from requests.pieces(RTM_GETLINK, ask_with_counters())
    if answer is not None:
        raise Unavailable(_READ, answer.text or "the kernel does not answer", answer.errno)


def _one(requests: RequestSocket, name: str) -> list[bytes]:
    asked = name.encode("utf-8", "surrogateescape")
    if not 0 < len(asked) <= _LONGEST_NAME or b"\0" in asked:
        return []
    data = requests.get(RTM_GETLINK, ask_with_counters(asked))
    if not isinstance(data, Answer):
        return [data]
    if data.errno == errno.ENODEV:
        return []
    raise Unavailable(_READ, data.text or "the kernel does not answer", data.errno)


def _parts(datagrams: list[bytes]) -> Iterator[tuple[bytes, Message]]:
    for data in datagrams:
        for message in messages(data, len(data)):
            yield data, message


def _read_speed(asking: socket.socket, name: str) -> Speed:
    """Ask a link's driver; source: ethtool(8), netdevice(7)."""
    question = array("B", ask_speed())
    where, _ = question.buffer_info()
    try:
        ioctl(asking, SIOCETHTOOL, _IFREQ.pack(name.encode("utf-8", "surrogateescape"), where))
    except OSError:  # it has no notion of speed, or has just gone
        return Speed()
    return decode_speed(question.tobytes())


def _read_air() -> _Air:
    """Return the network's name and the reception of each wireless link; nothing if the kernel knows no Wi-Fi."""
    with closing(RequestSocket(genetlink.NETLINK_GENERIC)) as requests:
        data = requests.get(genetlink.GENL_ID_CTRL, genetlink.ask_family(nl80211.FAMILY))
        if isinstance(data, Answer):
            return {}
        [message, *_] = messages(data, len(data))
        family = genetlink.decode_family(data, message.start, message.end)
        found: _Air = {}
        for part, message in _parts(requests.dump(family, nl80211.ask_wireless_links()).datagrams):
            if message.type == family:
                link = nl80211.decode_wireless_link(part, message.start, message.end)
                heard = _reception(requests, family, link.ifindex) if link.client else None
                # A driver that leaves joining to a program does not know the name; the network it heard does.
                ssid = link.ssid or (_joined(requests, family, link.ifindex) if heard is not None else None)
                found[link.ifindex] = (ssid, heard)
        return found


def _reception(requests: RequestSocket, family: int, ifindex: int) -> Reception | None:
    for data, message in _parts(requests.dump(family, nl80211.ask_stations(ifindex)).datagrams):
        if message.type == family:
            return nl80211.decode_station(data, message.start, message.end)
    return None


def _joined(requests: RequestSocket, family: int, ifindex: int) -> str | None:
    for data, message in _parts(requests.dump(family, nl80211.ask_heard_networks(ifindex)).datagrams):
        if message.type == family:
            name = nl80211.decode_joined_network(data, message.start, message.end)
            if name is not None:
                return name
    return None
