"""What wpa_supplicant says of a link."""

import pytest

from netstrata.protocols.wpa import IDLE, Confused, Said, Wpa, read_line, step

BSSID = b"02:00:00:00:0A:01"
TRYING = b"wlan0: Trying to associate with 02:00:00:00:0a:01 (SSID='it's here' freq=2412 MHz)"
CONNECTED = b"wlan0: CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:0a:01 completed [id=0 id_str=]"
DISCONNECTED = b"wlan0: CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:0a:01 reason=3"


def after(*lines: bytes) -> Wpa | Confused:
    state: Wpa | Confused = IDLE
    for line in lines:
        assert isinstance(state, Wpa)
        state = step(state, line, b"wlan0")
    return state


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ((TRYING,), Wpa((BSSID, b"it's here"))),
        ((TRYING, b"wlan0: Associated with 02:00:00:00:0a:01", CONNECTED), Wpa((BSSID, b"it's here"), True)),
        ((TRYING, CONNECTED, DISCONNECTED), IDLE),
        ((TRYING, DISCONNECTED), IDLE),
        ((TRYING, b"wlan0: Trying to associate with SSID 'a'b'", CONNECTED), Wpa((b"", b"a'b"), True)),
        ((b"Trying to associate with SSID ''", b"CTRL-EVENT-CONNECTED"), Wpa((b"", b""), True)),
        ((b"wlan1: Trying to associate with SSID 'other'",), IDLE),
        ((b"wlan0: WPA: Key negotiation completed with 02:00:00:00:0a:01",), IDLE),
        ((b"wlan0: Associated with 01:80:c2:00:00:03", CONNECTED), Wpa((b"", b""), True)),
        ((b"wlan0: Associated with 02:00:00:00:0a:01", CONNECTED), Wpa((BSSID, b""), True)),
        ((b"wlan0: Trying to associate with 02:00:00:00:0a (SSID='x'",), IDLE),
        ((b"",), IDLE),
    ],
)
def test_lines_bring_a_link_to_where_it_is(lines: tuple[bytes, ...], state: Wpa) -> None:
    assert after(*lines) == state


@pytest.mark.parametrize(
    "lines",
    [(CONNECTED,), (TRYING, CONNECTED, CONNECTED), (TRYING, CONNECTED, TRYING), (TRYING, DISCONNECTED, CONNECTED)],
)
def test_what_cannot_be_said_now_is_told_apart(lines: tuple[bytes, ...]) -> None:
    assert after(*lines) == Confused(lines[-1].removeprefix(b"wlan0: "))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (TRYING, Said("asks it's here to be let in")),
        (CONNECTED, Said("is connected", connected=True)),
        (
            b'wlan0: CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid="x" auth_failures=1 duration=10 reason=WRONG_KEY',
            Said("wrong key", failed=True),
        ),
        (b"wlan0: WPA: 4-Way Handshake failed - pre-shared key may be incorrect", Said("wrong key", failed=True)),
        (
            b"wlan0: CTRL-EVENT-EAP-FAILURE EAP authentication failed",
            Said("authentication failed (EAP): wrong user, key or certificate", failed=True),
        ),
        (
            b"wlan0: CTRL-EVENT-ASSOC-REJECT bssid=02:00:00:00:0a:01 status_code=17",
            Said("association rejected (status 17)", failed=True),
        ),
        (b"wlan0: CTRL-EVENT-SCAN-STARTED", None),
    ],
)
def test_a_line_means_something_to_people_or_nothing(line: bytes, said: Said | None) -> None:
    assert read_line(line, b"wlan0") == said
