"""Where what wpa_supplicant says brings a link.

Lines that stand in a story were said by wpa_supplicant 2.10 (Debian 2:2.10-12+deb12u3) to hostapd 2.10: in the air
between radios of mac80211_hwsim, Linux 6.1, and on a veth with 802.1X, Linux 6.18.
"""

from itertools import groupby

import pytest

from netstrata.protocols.wpa import IDLE, WIRE, Wpa, step

BSSID = b"02:00:00:00:0A:01"
TRYING = b"wlan0: Trying to associate with 02:00:00:00:0a:01 (SSID='it's here' freq=2412 MHz)"
CONNECTED = b"wlan0: CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:0a:01 completed [id=0 id_str=]"
DISCONNECTED = b"wlan0: CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:0a:01 reason=3"

JOINED = b"""
wlan3: SME: Trying to authenticate with 02:00:00:00:01:00 (SSID='net' freq=2412 MHz)
wlan3: Trying to associate with 02:00:00:00:01:00 (SSID='net' freq=2412 MHz)
wlan3: Associated with 02:00:00:00:01:00
wlan3: CTRL-EVENT-SUBNET-STATUS-UPDATE status=0
wlan3: WPA: Key negotiation completed with 02:00:00:00:01:00 [PTK=CCMP GTK=CCMP]
wlan3: CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:01:00 completed [id=0 id_str=]
"""
ROAMED = JOINED.replace(b"02:00:00:00:01:00", b"02:00:00:00:00:00")
DENIED = b"""
wlan3: SME: Trying to authenticate with 02:00:00:00:00:00 (SSID='net' freq=2412 MHz)
wlan3: CTRL-EVENT-AUTH-REJECT 02:00:00:00:00:00 auth_type=0 auth_transaction=2 status_code=1
BSSID 02:00:00:00:00:00 ignore list count incremented to 2, ignoring for 10 seconds
"""
LOST = b"""
wlan3: CTRL-EVENT-BEACON-LOSS
wlan3: CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:00 reason=4 locally_generated=1
BSSID 02:00:00:00:00:00 ignore list count incremented to 2, ignoring for 10 seconds
"""
ONE, OTHER = (b"02:00:00:00:01:00", b"net"), (b"02:00:00:00:00:00", b"net")

ASSOCIATED = b"""
eth0: Associated with 01:80:c2:00:00:03
eth0: CTRL-EVENT-SUBNET-STATUS-UPDATE status=0
"""
AUTHENTICATED = b"""
eth0: CTRL-EVENT-EAP-STARTED EAP authentication started
eth0: CTRL-EVENT-EAP-PROPOSED-METHOD vendor=0 method=4
eth0: CTRL-EVENT-EAP-METHOD EAP vendor 0 method 4 (MD5) selected
eth0: CTRL-EVENT-EAP-SUCCESS EAP authentication completed successfully
"""
WIRED = b"""
eth0: CTRL-EVENT-CONNECTED - Connection to 01:80:c2:00:00:03 completed [id=0 id_str=]
"""
REFUSED = AUTHENTICATED.replace(
    b"SUCCESS EAP authentication completed successfully", b"FAILURE EAP authentication failed"
)
RELOADED = b"""
eth0: CTRL-EVENT-DISCONNECTED bssid=01:80:c2:00:00:03 reason=3 locally_generated=1
eth0: CTRL-EVENT-DSCP-POLICY clear_all
"""


def told(said: bytes, state: Wpa = IDLE) -> list[Wpa]:
    """Return each state that lines bring a link to."""
    states = []
    for line in said.split(b"\n"):
        state = step(state, line, line.partition(b":")[0])
        states.append(state)
    return states


def after(*lines: bytes) -> Wpa:
    return told(b"\n".join(lines))[-1]


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ((TRYING,), Wpa((BSSID, b"it's here"))),
        ((TRYING, b"wlan0: Associated with 02:00:00:00:0a:01", CONNECTED), Wpa((BSSID, b"it's here"), True)),
        ((TRYING, CONNECTED, DISCONNECTED), IDLE),
        ((TRYING, DISCONNECTED), IDLE),
        ((TRYING, b"wlan0: Trying to associate with SSID 'a'b'", CONNECTED), Wpa((b"", b"a'b"), True)),
        ((b"wlan0: WPA: Key negotiation completed with 02:00:00:00:0a:01",), IDLE),
        ((b"wlan0: Associated with 02:00:00:00:0a:01", CONNECTED), Wpa((BSSID, b""), True)),
        ((b"wlan0: Trying to associate with 02:00:00:00:0a (SSID='x'",), IDLE),
        ((CONNECTED,), Wpa((BSSID, b""), True)),
        ((TRYING, DISCONNECTED, CONNECTED), Wpa((BSSID, b""), True)),
        ((TRYING, CONNECTED, CONNECTED), Wpa((BSSID, b"it's here"), True)),
        ((b"",), IDLE),
    ],
)
def test_lines_bring_a_link_to_where_it_is(lines: tuple[bytes, ...], state: Wpa) -> None:
    assert after(*lines) == state


def test_lines_of_another_link_count_for_nothing() -> None:
    assert step(IDLE, b"wlan1: Trying to associate with SSID 'other'", b"wlan0") == IDLE


def test_a_roam_is_up_all_the_time_and_with_another_one_at_its_end() -> None:
    states = told(ROAMED, after(JOINED))

    assert after(JOINED) == Wpa(ONE, True)
    assert all(state.up and state.peer == ONE for state in states[:-2])
    assert states[-1] == Wpa(OTHER, True)


def test_a_roam_of_a_driver_that_chooses_by_itself_keeps_the_network_s_name() -> None:
    states = told(b"wlan3: Associated with 02:00:00:00:00:00\n" + ROAMED.strip().split(b"\n")[-1], after(JOINED))

    assert [state.up for state in states] == [True, True]
    assert states[-1] == Wpa(OTHER, True)


def test_a_roam_that_is_denied_is_up_all_the_time_and_with_the_same_one_at_its_end() -> None:
    states = told(DENIED + JOINED, after(JOINED))

    assert all(state.up and state.peer == ONE for state in states)
    assert states[-1] == Wpa(ONE, True)


def test_an_access_point_that_is_lost_is_down_until_the_next_one_lets_it_in() -> None:
    states = told(LOST + JOINED, after(ROAMED))

    assert [up for up, _ in groupby(state.up for state in states)] == [True, False, True]
    assert states[-1] == Wpa(ONE, True)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (ASSOCIATED, Wpa(WIRE)),
        (ASSOCIATED + AUTHENTICATED, Wpa(WIRE, True)),
        (ASSOCIATED + AUTHENTICATED + WIRED + AUTHENTICATED, Wpa(WIRE, True)),
        (ASSOCIATED + AUTHENTICATED + WIRED + REFUSED, Wpa(WIRE)),
        (ASSOCIATED + AUTHENTICATED + WIRED + REFUSED + AUTHENTICATED, Wpa(WIRE, True)),
        (ASSOCIATED + AUTHENTICATED + WIRED + REFUSED + RELOADED, IDLE),
        (ASSOCIATED + AUTHENTICATED + WIRED + RELOADED + ASSOCIATED, Wpa(WIRE)),
        (ASSOCIATED + AUTHENTICATED + WIRED + ASSOCIATED, Wpa(WIRE)),  # `wpa_cli reassociate`
        (ASSOCIATED + REFUSED, Wpa(WIRE)),
    ],
)
def test_a_wire_is_what_the_last_authentication_has_made_of_it(said: bytes, state: Wpa) -> None:
    assert after(said) == state


def test_a_wire_that_is_nothing_is_nothing_until_it_begins_anew() -> None:
    # What was said before its cable was pulled may be read after.
    assert told(AUTHENTICATED + WIRED)[-1] == IDLE
    assert told(RELOADED + ASSOCIATED + AUTHENTICATED)[-1] == Wpa(WIRE, True)
