"""What wpa_supplicant says of a link, line by line.

    IDLE --trying, associated--> TRYING --connected--> UP
     ^                             | disconnected       | disconnected
     +-----------------------------+--------------------+

Source: NCD, net.backend.wpa_supplicant; wpa_supplicant's events.c and wpa_supplicant.c.
"""

import re
from typing import NamedTuple

_TRYING = re.compile(rb"Trying to associate with ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}) \(SSID='(.*)'")
_TRYING_SSID = re.compile(rb"Trying to associate with SSID '(.*)'")
_ASSOCIATED = re.compile(rb"Associated with ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})")
_CONNECTED = b"CTRL-EVENT-CONNECTED"
_DISCONNECTED = b"CTRL-EVENT-DISCONNECTED"


class Wpa(NamedTuple):
    """Where a link is: with whom (None: with nobody), and whether that is done."""

    peer: tuple[bytes, bytes] | None = None  # BSSID, b"" if unknown; SSID
    up: bool = False


class Confused(NamedTuple):
    """What was said cannot be, where the link was."""

    line: bytes


IDLE = Wpa()


def step(state: Wpa, line: bytes, link: bytes) -> Wpa | Confused:
    """Say where a line brings a link.

    A wired one names nobody before it is connected but the group address that it asks, so that one counts as nobody.
    """
    line = line.removeprefix(link + b": ")
    if line.startswith(_DISCONNECTED):
        return IDLE
    if line.startswith(_CONNECTED):
        return Confused(line) if state.up or state.peer is None else Wpa(state.peer, True)
    peer = _tried(line)
    if peer is not None:
        return Confused(line) if state.up else Wpa(peer)
    associated = _ASSOCIATED.match(line)
    if associated is not None and state.peer is None:
        bssid = associated[1].upper()
        return Wpa((b"" if int(bssid[:2], 16) & 1 else bssid, b""))
    return state


def _tried(line: bytes) -> tuple[bytes, bytes] | None:
    """Read to whom a link tries to associate."""
    match = _TRYING.match(line)
    if match is not None:
        return match[1].upper(), match[2]
    match = _TRYING_SSID.match(line)
    return (b"", match[1]) if match is not None else None
