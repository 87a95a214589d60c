"""What wpa_supplicant says of a link, line by line.

    IDLE --trying, associated--> TRYING --connected--> UP
     ^                             | disconnected       | disconnected
     +-----------------------------+--------------------+

Source: NCD, net.backend.wpa_supplicant; wpa_supplicant's events.c and wpa_supplicant.c.
"""

import re
from typing import Final, NamedTuple

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


class Said(NamedTuple):
    """What a line means to people; `failed` if an attempt came to nothing, `connected` if one succeeded."""

    text: str
    failed: bool = False
    connected: bool = False


def read_line(line: bytes, link: bytes) -> Said | None:
    """Return what a line means, None for the many that mean nothing to who waits for the link."""
    text = line.removeprefix(link + b": ").decode("utf-8", "backslashreplace")
    for pattern, meaning, failed, connected in _MEANINGS:
        match = pattern.match(text)
        if match is not None:
            return Said(meaning.format(*match.groups()), failed, connected)
    return None


_MEANINGS: Final = tuple(
    (re.compile(pattern), meaning, failed, connected)
    for pattern, meaning, failed, connected in (
        (r"Trying to associate with \S+ \(SSID='(.*)' freq", "asks {0} to be let in", False, False),
        (r"Trying to associate with SSID '(.*)'", "asks {0} to be let in", False, False),
        (r"Associated with (\S+)", "is associated with {0}, not yet authenticated", False, False),
        (r"CTRL-EVENT-CONNECTED", "is connected", False, True),
        (r"CTRL-EVENT-SSID-TEMP-DISABLED .*reason=WRONG_KEY", "wrong key", True, False),
        (r"WPA: 4-Way Handshake failed - pre-shared key may be incorrect", "wrong key", True, False),
        (r"CTRL-EVENT-EAP-FAILURE", "authentication failed (EAP): wrong user, key or certificate", True, False),
        (r"CTRL-EVENT-EAP-TLS-CERT-ERROR .*err='(.*)'", "the server's certificate is not trusted: {0}", True, False),
        (r"CTRL-EVENT-ASSOC-REJECT .*status_code=(\d+)", "association rejected (status {0})", True, False),
        (r"CTRL-EVENT-AUTH-REJECT .*status_code=(\d+)", "authentication rejected (status {0})", True, False),
        (r"CTRL-EVENT-NETWORK-NOT-FOUND", "no network of the configuration is there", True, False),
        (r"CTRL-EVENT-SCAN-FAILED ret=(\S+)", "cannot scan ({0})", True, False),
        (r"CTRL-EVENT-DISCONNECTED .*reason=(\d+)", "is disconnected (reason {0})", False, False),
    )
)


def _tried(line: bytes) -> tuple[bytes, bytes] | None:
    """Read to whom a link tries to associate."""
    match = _TRYING.match(line)
    if match is not None:
        return match[1].upper(), match[2]
    match = _TRYING_SSID.match(line)
    return (b"", match[1]) if match is not None else None
