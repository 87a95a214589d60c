"""What wpa_supplicant's lines mean to people.

What is refused was said by wpa_supplicant 2.10 (Debian 2:2.10-12+deb12u3) to hostapd 2.10, on a veth with 802.1X and
between radios of mac80211_hwsim.
"""

import pytest

from netstrata.protocols.wpa_diagnosis import Diagnosis

TRYING = "wlan3: Trying to associate with 02:00:00:00:00:00 (SSID='it's here' freq=2412 MHz)"
CONNECTED = "wlan3: CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:00 completed [id=0 id_str=]"
ASSOCIATED = "eth0: Associated with 01:80:c2:00:00:03\neth0: CTRL-EVENT-SUBNET-STATUS-UPDATE status=0"
STARTED = "eth0: CTRL-EVENT-EAP-STARTED EAP authentication started"
PEAP = """eth0: CTRL-EVENT-EAP-PROPOSED-METHOD vendor=0 method=25
eth0: CTRL-EVENT-EAP-METHOD EAP vendor 0 method 25 (PEAP) selected
eth0: CTRL-EVENT-EAP-PEER-CERT depth=0 subject='/CN=radius' hash=47a5a606"""
FAILURE = "eth0: CTRL-EVENT-EAP-FAILURE EAP authentication failed"
SUCCESS = "eth0: CTRL-EVENT-EAP-SUCCESS EAP authentication completed successfully"
WRONG_CA = """TLS: Certificate verification failed, error 18 (self-signed certificate) depth 0 for '/CN=radius'
eth0: CTRL-EVENT-EAP-TLS-CERT-ERROR reason=1 depth=0 subject='/CN=radius' err='self-signed certificate'
SSL: SSL3 alert: write (local SSL3 detected an error):fatal:unknown CA
OpenSSL: openssl_handshake - SSL_connect error:0A000086:SSL routines::certificate verify failed"""
WRONG_KEY_PASSWORD = """eth0: CTRL-EVENT-EAP-PROPOSED-METHOD vendor=0 method=13
OpenSSL: tls_read_pkcs12 - Failed to use PKCS#12 file error:1E08010C:DECODER routines::unsupported
OpenSSL: tls_connection_private_key - Failed to load private key error:00000000:lib(0)::reason(0)
TLS: Failed to load private key '/etc/ssl/private/bob.pem'
TLS: Failed to set TLS connection parameters
EAP-TLS: Failed to initialize SSL.
eth0: EAP: Failed to initialize EAP method: vendor 0 method 13 (TLS)"""
NO_CA = """eth0: CTRL-EVENT-EAP-PROPOSED-METHOD vendor=0 method=25
OpenSSL: tls_connection_ca_cert - Failed to load root certificates error:80000002:system library::
OpenSSL: tls_load_ca_der - Failed load CA in DER format error:80000002:system library::No such file or directory
TLS: Failed to set TLS connection parameters
EAP-PEAP: Failed to initialize SSL.
eth0: EAP: Failed to initialize EAP method: vendor 0 method 25 (PEAP)"""
WRONG_PSK = """wlan3: CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:00 reason=15
wlan3: WPA: 4-Way Handshake failed - pre-shared key may be incorrect
wlan3: CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid="net" auth_failures=1 duration=10 reason=WRONG_KEY"""
WRONG_SAE = """wlan3: SME: Trying to authenticate with 02:00:00:00:00:00 (SSID='net' freq=2412 MHz)
wlan3: CTRL-EVENT-AUTH-REJECT 02:00:00:00:00:00 auth_type=3 auth_transaction=2 status_code=1
wlan3: CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid="net" auth_failures=1 duration=10 reason=CONN_FAILED
wlan3: CTRL-EVENT-SSID-REENABLED id=0 ssid="net\""""
DENIED = "wlan3: CTRL-EVENT-AUTH-REJECT 02:00:00:00:00:00 auth_type=0 auth_transaction=2 status_code=1"


def said(*lines: str) -> list[str]:
    """Return what lines mean that mean anything."""
    diagnosis = Diagnosis(lines[0].partition(":")[0].encode())
    meanings = [diagnosis.read(line.encode()) for line in "\n".join(lines).split("\n")]
    return [meaning for meaning in meanings if meaning]


@pytest.mark.parametrize(
    ("lines", "meaning"),
    [
        ((TRYING,), "asks it's here to be let in"),
        ((TRYING, CONNECTED), "is connected"),
        ((TRYING, WRONG_PSK), "wrong key"),
        ((WRONG_SAE,), "wrong password"),
        ((WRONG_SAE.replace("status_code=1", "status_code=15"),), "wrong password"),
        ((DENIED,), "authentication rejected (status 1)"),
        ((WRONG_SAE.replace("status_code=1", "status_code=17"),), "authentication rejected (status 17)"),
        (("wlan0: CTRL-EVENT-ASSOC-REJECT bssid=02:00:00:00:0a:01 status_code=17",),
         "association rejected (status 17)"),
    ],
)  # fmt: skip
def test_how_a_link_in_the_air_gets_on_is_told_in_words(lines: tuple[str, ...], meaning: str) -> None:
    assert said(*lines)[-1] == meaning


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((), "no authenticator answers"),  # a minute after it has asked
        ((STARTED,), "refused by the authenticator: wrong user, key or certificate"),  # it does not know the user
        ((STARTED, PEAP), "refused by the authenticator: wrong user, key or certificate"),
        ((STARTED, PEAP, "eth0: EAP-MSCHAPV2: failure message: 'FAILED' (retry not allowed, error 691)"),
         "wrong user or password"),
        ((STARTED, PEAP, WRONG_CA), "the server's certificate is not trusted: self-signed certificate"),
        ((STARTED, "eth0: CTRL-EVENT-EAP-PROPOSED-METHOD vendor=0 method=4 -> NAK"),
         "the authenticator wants another method"),
        ((STARTED, "eth0: CTRL-EVENT-EAP-PROPOSED-METHOD vendor=0 method=4 -> NAK", PEAP),
         "refused by the authenticator: wrong user, key or certificate"),
        ((STARTED, WRONG_KEY_PASSWORD), "the private key /etc/ssl/private/bob.pem cannot be used"),
        ((STARTED, NO_CA), "the certificates of `ca_cert` cannot be used"),
        ((STARTED, PEAP, WRONG_CA, FAILURE, STARTED), "refused by the authenticator: wrong user, key or certificate"),
        ((STARTED, PEAP, SUCCESS, STARTED, PEAP), "refused by the authenticator: wrong user, key or certificate"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_with_its_cause(lines: tuple[str, ...], why: str) -> None:
    assert said(ASSOCIATED, *lines, FAILURE)[-1] == f"authentication failed (EAP): {why}"


def test_why_an_attempt_failed_stays_until_one_succeeds() -> None:
    meanings = said(TRYING, WRONG_PSK, TRYING, CONNECTED, TRYING)

    assert meanings == [
        "asks it's here to be let in",
        "is disconnected (reason 15)",
        "wrong key",
        "wrong key",
        "asks it's here to be let in; before: wrong key",
        "is connected",
        "asks it's here to be let in",
    ]


def test_what_goes_before_a_pulled_cable_is_forgotten() -> None:
    diagnosis = Diagnosis(b"eth0")
    for line in (ASSOCIATED, STARTED, FAILURE):
        diagnosis.read(line.encode())

    diagnosis.forget()

    assert diagnosis.read(ASSOCIATED.encode()) == "is associated with 01:80:c2:00:00:03, not yet authenticated"
