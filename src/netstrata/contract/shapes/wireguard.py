"""The shapes of WireGuard links and their peers.  Source: wg(8)."""

import re
from base64 import b64decode, b64encode
from typing import Annotated, Any, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.secrets import SECRETS
from netstrata.contract.shapes.common import METRIC, NUMBER, Network, number_shape, read_each
from netstrata.contract.shapes.link import whole
from netstrata.contract.shapes.route import NETWORK
from netstrata.values import List, Value, mask_bits, parse_address, parse_number

KEY_SIZE = 32
OFF = -1  # of routes: none
_HOST = re.compile(rb"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")
_HOST_MOST = 253
_ZONE = re.compile(rb"[A-Za-z0-9@._+-]{1,15}")
_TEXT_SIZE = 44  # characters of a key


class PeerAddress(NamedTuple):
    """Where a peer is reached: an address or a name, and a UDP port."""

    host: str
    port: int


def _key(value: Value) -> bytes | None:
    if not isinstance(value, bytes) or len(value) != _TEXT_SIZE:
        return None
    try:
        key = b64decode(value, validate=True)
    except ValueError:
        return None
    return key if len(key) == KEY_SIZE and b64encode(key) == value and any(key) else None


def _secret_key(value: Value) -> bytes | None:
    """Read a key that nobody is shown; one that was read from a file may have that file's end of line."""
    bare = value.strip(b"\r\n") if isinstance(value, bytes) else value
    SECRETS.keep(bare)
    return _key(bare)


def _write_key(key: bytes) -> Value:
    return b64encode(key)


def _endpoint(value: Value) -> PeerAddress | None:
    if not isinstance(value, bytes):
        return None
    host, _, number = value.rpartition(b":")
    port = parse_number(number, 65535)
    if not port:
        return None
    if host.startswith(b"[") and host.endswith(b"]"):
        bare, percent, zone = host[1:-1].partition(b"%")
        address = parse_address(bare)
        if address is None or len(address) != 16 or (percent and not _ZONE.fullmatch(zone)):
            return None
        return PeerAddress(host[1:-1].decode("ascii"), port)
    if parse_address(host) is None and (not _is_name(host) or len(host) > _HOST_MOST):
        return None
    return PeerAddress(host.decode("ascii"), port) if b":" not in host else None


def _is_name(host: bytes) -> bool:
    """Say whether it is a name, and no address with a number too much or too little."""
    return bool(_HOST.fullmatch(host)) and any(byte not in b"0123456789." for byte in host)


def _write_endpoint(endpoint: PeerAddress) -> Value:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.port}".encode()


def _networks(value: Value) -> frozenset[Network] | None:
    networks = read_each(value, NETWORK.read)
    if networks is None or any(mask_bits(*one) != one.address for one in networks):
        return None
    return frozenset(networks)


def _write_networks(networks: frozenset[Network]) -> Value:
    return List([NETWORK.write(one) for one in sorted(networks)])


def _keepalive(value: Value) -> int | None:
    return 0 if value == b"off" else _SECONDS.read(value)


def _routes(value: Value) -> int | None:
    return OFF if value == b"off" else METRIC.read(value)


def _up(value: Value) -> bool | None:
    return {b"configured": False, b"handshake": True}.get(value) if isinstance(value, bytes) else None


def _mark(value: Value) -> int | None:
    if not isinstance(value, bytes):
        return None
    if value[:2].lower() == b"0x" and re.fullmatch(rb"[0-9a-fA-F]{1,8}", value[2:]):
        return int(value, 16)
    return parse_number(value, 2**32 - 1)


def _time(value: Value) -> int | None:
    return 0 if value == b"" else NUMBER.read(value)


_GOOD_KEY = '"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="'
_BAD_KEYS = ('"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"', f'"{"A" * 43}="', '"x"', "{}")
_MEANS_KEY = "44 characters of base64, as wg prints it"
_SECONDS = number_shape("a keepalive", "whole seconds, 1 to 65535", 1, 65535)
PUBLIC_KEY = Shape[bytes]("a public key", _MEANS_KEY, _key, _write_key, (_GOOD_KEY,), _BAD_KEYS)
SECRET_KEY = Shape[bytes]("a key", _MEANS_KEY, _secret_key, _write_key, (_GOOD_KEY,), _BAD_KEYS, secret=True)
ENDPOINT = Shape[PeerAddress](
    "an endpoint", "an address or a name with a UDP port, such as vpn.example.org:51820 or [2001:db8::1]:51820",
    _endpoint, _write_endpoint, ('"192.0.2.1:51820"', '"[2001:db8::1]:51820"', '"vpn.example.org:51820"'),
    ('"192.0.2.1"', '"192.0.2.256:7"', '"2001:db8::1:7"', '"x:0"', '"x:65536"', '"a b:7"', '"[192.0.2.1]:7"', "{}"),
)  # fmt: skip
ALLOWED_IPS = Shape[frozenset[Network]](
    "allowed IPs", 'a list of networks, such as {"10.66.0.2/32", "2001:db8:66::/48"}', _networks, _write_networks,
    ('{"10.66.0.2/32", "::/0"}', '{"10.66.0.2"}', "{}"), ('"10.66.0.2"', '{"10.66.0.2/24"}', '{"x"}'),
)  # fmt: skip
_KEEPALIVE = Shape[int](
    "a keepalive", "whole seconds, 1 to 65535, or off", _keepalive, lambda s: b"%d" % s if s else b"off",
    ('"25"', '"off"'), ('"0"', '"65536"', "{}"),
)  # fmt: skip
_ROUTES = Shape[int](
    "routes", "off, or a metric: a whole number, 0 to 2147483647", _routes,
    lambda metric: b"off" if metric == OFF else b"%d" % metric, ('"off"', '"0"', '"100"'), ('"on"', '"-1"', "{}"),
)  # fmt: skip
_UP = Shape[bool](
    "what it takes to be up", "configured or handshake", _up, lambda is_so: b"handshake" if is_so else b"configured",
    ('"configured"', '"handshake"'), ('"up"', "{}"),
)  # fmt: skip
FWMARK = Shape[int](
    "a mark", "a number such as 7 or 0x7", _mark, lambda mark: b"%#x" % mark, ('"7"', '"0x7"'), ('"4294967296"', '"x"')
)
HANDSHAKE_TIME = Shape[int](
    "a time", "seconds since 1970, or nothing", _time, lambda s: b"%d" % s if s else b"", ('"1700000000"', '""'),
    ('"-1"', "{}"),
)  # fmt: skip
PORT = whole("a UDP port", 0, 65535)
LISTEN_PORT = whole("a UDP port", 1, 65535)
_DEVICE: dict[str, Shape[Any]] = {
    "private_key": SECRET_KEY,
    "listen_port": LISTEN_PORT,
    "fwmark": FWMARK,
}
_PEER: dict[str, Shape[Any]] = {
    "endpoint": ENDPOINT,
    "allowed_ips": ALLOWED_IPS,
    "preshared_key": SECRET_KEY,
    "keepalive": _KEEPALIVE,
    "routes": _ROUTES,
    "up": _UP,
}
WIREGUARD_OPTIONS = OptionsShape(
    "options of a WireGuard link", _DEVICE, (f'["private_key": {_GOOD_KEY}, "listen_port": "51820"]',),
    ("[]", '["private_key": "x"]', f'["private_key": {_GOOD_KEY}, "listen_port": "0"]', '["port": "7"]', "{}"),
    ("private_key",),
)  # fmt: skip
PEER_OPTIONS = OptionsShape(
    "options of a peer", _PEER, ('["allowed_ips": {"10.66.0.2/32"}, "keepalive": "25"]', "[]"),
    ('["endpoint": "192.0.2.1"]', '["up": "yes"]', '["routes": "on"]', '["allowed": {}]', "{}"),
)  # fmt: skip

PublicKey = Annotated[bytes, PUBLIC_KEY]
WireguardOptions = Annotated[Options, WIREGUARD_OPTIONS]
PeerOptions = Annotated[Options, PEER_OPTIONS]
UdpPort = Annotated[int, PORT]
HandshakeTime = Annotated[int, HANDSHAKE_TIME]
