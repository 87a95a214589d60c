"""What wpa_supplicant says of a link, line by line.

    IDLE --trying, associated--> TRYING --connected--> UP --trying, associated--> UP, and asks another
     ^                             |                    |  <------connected-----     |
     +------disconnected-----------+--------------------+-----------------------------+

A roam, to another access point of the network, is told as another attempt and another success, with nothing between.
A wire with 802.1X is connected once: after that each authentication is told as a success or a failure only.

Source: wpa_supplicant 2.10, as it was seen; NCD, net.backend.wpa_supplicant.
"""

import re
from typing import Final, NamedTuple

Peer = tuple[bytes, bytes]  # BSSID, b"" if unknown; SSID
WIRE: Final = (b"", b"")  # the authenticator of a wire, which is asked at a group address

_BSSID = rb"([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})"
_TRYING = re.compile(rb"Trying to associate with " + _BSSID + rb" \(SSID='(.*)'")
_TRYING_SSID = re.compile(rb"Trying to associate with SSID '(.*)'")
_ASSOCIATED = re.compile(rb"Associated with " + _BSSID)
_CONNECTION = re.compile(rb"CTRL-EVENT-CONNECTED - Connection to " + _BSSID)
_CONNECTED = b"CTRL-EVENT-CONNECTED"
_DISCONNECTED = b"CTRL-EVENT-DISCONNECTED"
_EAP_SUCCESS = b"CTRL-EVENT-EAP-SUCCESS"
_EAP_FAILURE = b"CTRL-EVENT-EAP-FAILURE"


class Wpa(NamedTuple):
    """Where a link is: with whom (None: with nobody), whether that is done, and whom it asks to roam to."""

    peer: Peer | None = None
    up: bool = False
    other: Peer | None = None


IDLE = Wpa()


def step(state: Wpa, line: bytes, link: bytes) -> Wpa:
    """Say where a line brings a link."""
    line = line.removeprefix(link + b": ")
    if line.startswith(_DISCONNECTED):
        return IDLE
    if line.startswith(_CONNECTED):
        peer = state.other or state.peer or _connected(line)
        return state if peer is None else Wpa(peer, True)
    if line.startswith(_EAP_FAILURE):
        return Wpa(state.other or state.peer)
    if line.startswith(_EAP_SUCCESS):
        return Wpa(WIRE, True) if state.peer == WIRE else state
    peer = _asked(state, line)
    if peer is None:
        return state
    return state._replace(other=peer) if state.up and peer != WIRE else Wpa(peer)


def _asked(state: Wpa, line: bytes) -> Peer | None:
    """Read whom a link asks to be let in."""
    match = _TRYING.match(line)
    if match is not None:
        return match[1].upper(), match[2]
    match = _TRYING_SSID.match(line)
    if match is not None:
        return b"", match[1]
    match = _ASSOCIATED.match(line)
    if match is None:
        return None
    if _is_group(match[1]):
        return WIRE
    if state.peer is None or (state.up and state.other is None):  # a driver that chooses by itself
        return match[1].upper(), state.peer[1] if state.peer is not None else b""
    return None


def _connected(line: bytes) -> Peer | None:
    """Read with whom a link is connected that was not seen to ask; a wire says so late, when its cable is pulled."""
    match = _CONNECTION.match(line)
    return (match[1].upper(), b"") if match is not None and not _is_group(match[1]) else None


def _is_group(address: bytes) -> bool:
    return int(address[:2], 16) & 1 == 1
