"""What wpa_supplicant's lines mean to people, and above all why a link is not let in.

Why an EAP authentication fails stands in no line that says that it has failed, but perhaps in one before: then that is
the reason.  Who asks without being asked back, for a minute, is alone on the wire.

Source: wpa_supplicant 2.10, as it was seen.
"""

import re
from typing import Final, NamedTuple


class Said(NamedTuple):
    """What a line means; `failed` if an attempt came to nothing, `connected` if one succeeded."""

    text: str
    failed: bool = False
    connected: bool = False


_MEANINGS: Final = tuple(
    (re.compile(pattern), meaning, failed, connected)
    for pattern, meaning, failed, connected in (
        (r"Trying to associate with \S+ \(SSID='(.*)' freq", "asks {0} to be let in", False, False),
        (r"Trying to associate with SSID '(.*)'", "asks {0} to be let in", False, False),
        (r"Associated with (\S+)", "is associated with {0}, not yet authenticated", False, False),
        (r"CTRL-EVENT-CONNECTED", "is connected", False, True),
        (r"CTRL-EVENT-EAP-SUCCESS", "is authenticated", False, True),
        (r"CTRL-EVENT-SSID-TEMP-DISABLED .*reason=WRONG_KEY", "wrong key", True, False),
        (r"WPA: 4-Way Handshake failed - pre-shared key may be incorrect", "wrong key", True, False),
        (r"CTRL-EVENT-EAP-FAILURE", "authentication failed (EAP): {reason}", True, False),
        (r"CTRL-EVENT-ASSOC-REJECT .*status_code=(\d+)", "association rejected (status {0})", True, False),
        # SAE: what was confirmed is made of another password.  hostapd 2.10 says 1; 15 is the standard's word for it.
        (
            r"CTRL-EVENT-AUTH-REJECT .*auth_type=3 auth_transaction=2 status_code=(?:1|15)\b",
            "wrong password",
            True,
            False,
        ),
        (r"CTRL-EVENT-AUTH-REJECT .*status_code=(\d+)", "authentication rejected (status {0})", True, False),
        (r"CTRL-EVENT-NETWORK-NOT-FOUND", "no network of the configuration is there", True, False),
        (r"CTRL-EVENT-SCAN-FAILED ret=(\S+)", "cannot scan ({0})", True, False),
        (r"CTRL-EVENT-DISCONNECTED .*reason=(\d+)", "is disconnected (reason {0})", False, False),
    )
)
_NOBODY: Final = "no authenticator answers"
_REFUSED: Final = "refused by the authenticator: wrong user, key or certificate"
_EAP_REASONS: Final = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (r"CTRL-EVENT-EAP-TLS-CERT-ERROR .*err='(.*)'", "the server's certificate is not trusted: {0}"),
        (r"EAP-MSCHAPV2: failure message: .*error 691\b", "wrong user or password"),
        (r"CTRL-EVENT-EAP-PROPOSED-METHOD .*-> NAK", "the authenticator wants another method"),
        (r"TLS: Failed to load private key '(.*)'", "the private key {0} cannot be used"),
        (r"OpenSSL: tls_connection_ca_cert - Failed to load", "the certificates of `ca_cert` cannot be used"),
        (r"OpenSSL: tls_connection_client_cert - ", "the certificate of `client_cert` cannot be used"),
        (r"EAP: Failed to initialize EAP method: .*\((\S+)\)", "the method {0} cannot begin"),
    )
)
_BEGINS: Final = re.compile(r"Associated with |CTRL-EVENT-EAP-(FAILURE|SUCCESS|STARTED|METHOD)")


class Diagnosis:
    """What is known of an authentication that goes on: why the last attempt failed, and why this one may."""

    __slots__ = ("_link", "_reason", "_trouble")

    def __init__(self, link: bytes) -> None:
        """Know nothing yet."""
        self._link = link
        self.forget()

    def forget(self) -> None:
        """Know nothing any more: what comes is another matter."""
        self._trouble = ""
        self._reason = _NOBODY

    def read(self, line: bytes) -> str:
        """Return what a line means, with why the attempt before failed; "" for the many that mean nothing to people."""
        text = line.removeprefix(self._link + b": ").decode("utf-8", "backslashreplace")
        said = _read(text, self._reason)
        self._note_reason(text)
        if said is None:
            return ""
        if said.failed:
            self._trouble = said.text
        elif said.connected:
            self._trouble = ""
        return f"{said.text}; before: {self._trouble}" if self._trouble and not said.failed else said.text

    def _note_reason(self, text: str) -> None:
        begins = _BEGINS.match(text)
        if begins is not None:
            self._reason = _REFUSED if begins[1] in ("STARTED", "METHOD") else _NOBODY
        elif self._reason in (_NOBODY, _REFUSED):  # what was said first is nearest to the cause
            for pattern, reason in _EAP_REASONS:
                match = pattern.match(text)
                if match is not None:
                    self._reason = reason.format(*match.groups())


def _read(text: str, reason: str) -> Said | None:
    for pattern, meaning, failed, connected in _MEANINGS:
        match = pattern.match(text)
        if match is not None:
            return Said(meaning.format(*match.groups(), reason=reason), failed, connected)
    return None
