"""What nl80211 says of wireless links and of the network they are in.  Source: linux/nl80211.h."""

from sys import byteorder
from typing import Final, NamedTuple

from netstrata.protocols.genetlink import nested, request, values
from netstrata.protocols.rtnetlink.wire import U32, Octets, attribute

FAMILY: Final = "nl80211"

_GET_INTERFACE = 5
_GET_STATION = 17
_GET_SCAN = 32
_IFINDEX = 3
_IFTYPE = 5
_STA_INFO = 21
_BSS = 47
_SSID = 52
_BSS_ELEMENTS = 6
_BSS_STATUS = 9
_ASSOCIATED = 1
_STA_INFO_SIGNAL = 7
_STA_INFO_TX_BITRATE = 8
_RATE_INFO_BITRATE = 1
_RATE_INFO_BITRATE32 = 5
_CLIENTS = (2, 8)  # a station, or a client of Wi-Fi Direct
_WORST_DBM = -100
_BEST_DBM = -50


class WirelessLink(NamedTuple):
    """A wireless link, and the name of the network it is in; None if it is in none."""

    ifindex: int
    ssid: str | None
    client: bool  # and no access point


class Reception(NamedTuple):
    """How well another station is heard, and how fast is sent to it; None if the driver does not say.

    Shapes: signal in dBm (-30 is next to it, -90 hardly to be heard), bitrate in Mb/s.
    """

    signal_dbm: int | None
    bitrate_mbps: float | None

    @property
    def quality(self) -> int | None:
        """The signal as 0 (-100 dBm and less) to 100 (-50 dBm and more)."""
        if self.signal_dbm is None:
            return None
        return 100 * (min(max(self.signal_dbm, _WORST_DBM), _BEST_DBM) - _WORST_DBM) // (_BEST_DBM - _WORST_DBM)


def ask_wireless_links() -> bytes:
    """Return the body of a dump of all wireless links."""
    return request(_GET_INTERFACE)


def ask_stations(ifindex: int) -> bytes:
    """Return the body of a dump of the stations that a link hears: for a client its access point alone."""
    return request(_GET_STATION, 1, attribute(_IFINDEX, U32.pack(ifindex)))


def ask_heard_networks(ifindex: int) -> bytes:
    """Return the body of a dump of the networks that a link has heard lately, one of which it may be in."""
    return request(_GET_SCAN, 1, attribute(_IFINDEX, U32.pack(ifindex)))


def decode_wireless_link(data: Octets, start: int, end: int) -> WirelessLink:
    """Read a wireless link; its index is 0 if it has none, as a device for measuring.

    Raises: Malformed.
    """
    found = values(data, start, end)
    name = _name(found.get(_SSID, b""))
    client = int.from_bytes(found.get(_IFTYPE, b""), byteorder) in _CLIENTS
    return WirelessLink(int.from_bytes(found.get(_IFINDEX, b""), byteorder), name, client)


def decode_joined_network(data: Octets, start: int, end: int) -> str | None:
    """Read the name of a network that was heard, None if the link is not in it.

    Raises: Malformed.
    """
    found = nested(values(data, start, end).get(_BSS, b""))
    if int.from_bytes(found.get(_BSS_STATUS, b""), byteorder) != _ASSOCIATED:
        return None
    # IEEE 802.11 section 9.4.2: an element is its number, its length, and so many bytes; 0 is the name.
    elements = found.get(_BSS_ELEMENTS, b"")
    at = 0
    while at + 2 <= len(elements):
        if elements[at] == 0:
            return _name(elements[at + 2 : at + 2 + elements[at + 1]])
        at += 2 + elements[at + 1]
    return None


def _name(ssid: bytes) -> str | None:
    return ssid.decode("utf-8", "backslashreplace") if any(ssid) else None  # a hidden one may be all zeros


def decode_station(data: Octets, start: int, end: int) -> Reception:
    """Read how a station is heard.

    Raises: Malformed.
    """
    about = nested(values(data, start, end).get(_STA_INFO, b""))
    signal = about.get(_STA_INFO_SIGNAL)
    rate = nested(about.get(_STA_INFO_TX_BITRATE, b""))
    tenths = int.from_bytes(rate.get(_RATE_INFO_BITRATE32) or rate.get(_RATE_INFO_BITRATE) or b"", byteorder)
    return Reception(
        int.from_bytes(signal[:1], byteorder, signed=True) if signal else None, tenths / 10 if tenths else None
    )
