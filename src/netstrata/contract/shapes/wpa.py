"""The shapes of how a link authenticates, to a Wi-Fi network or on a wire."""

from typing import Annotated, Any

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, options_shape
from netstrata.contract.shapes.common import word_shape
from netstrata.contract.shapes.dhcp import MAC
from netstrata.contract.shapes.link import SWITCH
from netstrata.values import Value, line_fault

SSID_MOST = 32
KEY_MANAGEMENT = (b"NONE", b"WPA-PSK", b"SAE", b"WPA-EAP", b"IEEE8021X")
_LINE_MOST = 1900  # bytes of a value, so that its name fits into its line
METHODS = (b"MD5", b"PEAP", b"TTLS", b"TLS", b"PWD")


def _same(value: Any) -> Any:
    return value


def _ssid(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) and 1 <= len(value) <= SSID_MOST else None


def _psk(value: Value) -> bytes | None:
    if not isinstance(value, bytes) or not all(32 <= byte < 127 for byte in value):
        return None
    is_key = len(value) == 64 and all(byte in b"0123456789abcdefABCDEF" for byte in value)
    return value if 8 <= len(value) <= 63 or is_key else None


def _line(value: Value) -> bytes | None:
    """Read what can stand in a line of a configuration file."""
    return value if isinstance(value, bytes) and value and not line_fault(value, _LINE_MOST) else None


def _text_shape(name: str, means: str, good: str, secret: bool = False) -> Shape[bytes]:
    return Shape(name, means, _line, _same, (good,), ('""', "{}", '"a\\nb"'), secret=secret)


_PATH = _text_shape("a path", "of a file, in one line", '"/etc/ssl/ca.pem"')
FIELDS: dict[str, Shape[Any]] = {
    "ssid": Shape("an SSID", "1 to 32 bytes", _ssid, _same, ('"home"',), ('""', f'"{"x" * 33}"')),
    "psk": Shape(
        "a passphrase", "8 to 63 printable characters, or a key of 64 hexadecimal digits", _psk, _same,
        ('"many wooden horses"',), ('"seven77"', "{}"), secret=True,
    ),
    "key_mgmt": word_shape("a key management", "NONE, WPA-PSK, SAE, WPA-EAP or IEEE8021X", KEY_MANAGEMENT, "WEP"),
    "eap": word_shape("an EAP method", "MD5, PEAP, TTLS, TLS or PWD", METHODS, "LEAP"),
    "identity": _text_shape("an identity", "a name, in one line", '"bob@example.org"'),
    "anonymous_identity": _text_shape("an identity", "a name, in one line", '"anonymous@example.org"'),
    "password": _text_shape("a password", "in one line", '"horses of wood"', secret=True),
    "phase2": _text_shape("an inner method", 'such as "auth=MSCHAPV2"', '"auth=MSCHAPV2"'),
    "ca_cert": _PATH,
    "client_cert": _PATH,
    "private_key": _PATH,
    "private_key_passwd": _text_shape("a password", "in one line", '"a wooden key"', secret=True),
    "bssid": MAC,
    "hidden": SWITCH,
}  # fmt: skip
WPA_OPTIONS = options_shape(
    FIELDS,
    (
        '["ssid": "home", "psk": "many wooden horses"]',
        '["eap": "PEAP", "identity": "bob", "password": "horses of wood"]',
    ),
    ('["ssid": ""]', '["psk": "seven77"]', '["passphrase": "many wooden horses"]', '["hidden": "yes"]', '{"home"}'),
)

WpaOptions = Annotated[Options, WPA_OPTIONS]
