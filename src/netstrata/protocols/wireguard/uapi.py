"""WireGuard in user space as text: what is written to its socket, and what it answers.

A question or an answer is lines of `key=value`, and ends with an empty one.  Keys are hexadecimal, and the device's
public key is not told.  Source: https://www.wireguard.com/xplatform/; wireguard-go 0.0.20220316, device/uapi.go.
"""

from collections.abc import Iterator
from typing import Any, Final

from netstrata.contract.shapes.common import Network
from netstrata.protocols.rtnetlink.wire import Malformed
from netstrata.protocols.wireguard.device import KEY_SIZE, Device, DeviceChange, Endpoint, Peer, PeerChange
from netstrata.values import format_address, parse_address, parse_number

END: Final = b"\n\n"  # of what is asked, and of what is answered
ASK: Final = b"get=1\n\n"


def encode(change: DeviceChange) -> bytes:
    """Return what changes a device."""
    lines = ["set=1"]
    if change.private_key is not None:
        lines.append(f"private_key={change.private_key.hex()}")
    if change.listen_port is not None:
        lines.append(f"listen_port={change.listen_port}")
    if change.fwmark is not None:
        lines.append(f"fwmark={change.fwmark}")
    for peer in change.peers:
        lines += _encode_peer(peer)
    return "\n".join(lines).encode() + END


def _encode_peer(peer: PeerChange) -> Iterator[str]:
    yield f"public_key={peer.public_key.hex()}"
    if peer.is_there:
        yield "update_only=true"
    if peer.remove:
        yield "remove=true"
    if peer.preshared_key is not None:
        yield f"preshared_key={peer.preshared_key.hex()}"
    if peer.endpoint is not None:
        yield f"endpoint={peer.endpoint}"
    if peer.keepalive is not None:
        yield f"persistent_keepalive_interval={peer.keepalive}"
    if peer.allowed is not None:
        yield "replace_allowed_ips=true"
        for network in sorted(peer.allowed):
            yield f"allowed_ip={format_address(network.address).decode()}/{network.prefix}"


def error_of(answer: bytes) -> int:
    """Return the error number of an answer, 0 if it is a yes.

    Raises: Malformed.
    """
    for line in reversed(answer.rstrip(b"\n").splitlines()):
        if line.startswith(b"errno="):
            try:
                return abs(int(line[6:]))
            except ValueError:
                break
    raise Malformed("an answer without an error number")


def decode(answer: bytes) -> Device:
    """Read a device.

    Raises: Malformed.
    """
    device = Device()
    key = b""
    found: dict[str, Any] = {}
    for line in answer.split(b"\n"):
        word, _, value = line.partition(b"=")
        if word == b"public_key":
            _add(device, key, found)
            key, found = _key(value), {"allowed": set()}
        elif key:
            _take(found, word, value)
        elif word == b"private_key":
            device.private_key = _key(value)
        elif word == b"listen_port":
            device.listen_port = _number(value)
        elif word == b"fwmark":
            device.fwmark = _number(value)
    _add(device, key, found)
    return device


_WORDS: Final = {
    b"persistent_keepalive_interval": "keepalive",
    b"last_handshake_time_sec": "handshake",
    b"rx_bytes": "received",
    b"tx_bytes": "sent",
}


def _take(found: dict[str, Any], word: bytes, value: bytes) -> None:
    """Know one more thing of a peer; what a later version may tell besides is left out."""
    if word in _WORDS:
        found[_WORDS[word]] = _number(value)
    elif word == b"preshared_key":
        found["preshared_key"] = _key(value)
    elif word == b"endpoint":
        found["endpoint"] = _endpoint(value)
    elif word == b"allowed_ip":
        address, _, prefix = value.partition(b"/")
        packed = parse_address(address)
        if packed is None:
            raise Malformed("an allowed IP that is no address")
        found["allowed"].add(Network(packed, _number(prefix)))


def _add(device: Device, key: bytes, found: dict[str, Any]) -> None:
    if key:
        device.peers[key] = Peer(**{**found, "allowed": frozenset(found["allowed"])})


def _endpoint(text: bytes) -> Endpoint | None:
    """Read `192.0.2.1:51820` or `[2001:db8::1]:51820`; the name of a link, behind a `%`, is left out."""
    host, colon, number = text.rpartition(b":")
    port = parse_number(number, 65535)
    bare = host[1:-1] if host.startswith(b"[") and host.endswith(b"]") else host
    bare, percent, zone = bare.partition(b"%")
    address = parse_address(bare)
    if not colon or port is None or address is None or (len(address) == 16) != host.startswith(b"["):
        return None
    return Endpoint(address, port, parse_number(zone, 2**32 - 1) or 0 if percent else 0)


def _key(value: bytes) -> bytes:
    try:
        key = bytes.fromhex(value.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_SIZE:
        raise Malformed("a key that is none")
    return key


def _number(value: bytes) -> int:
    number = parse_number(value, 2**64 - 1)
    if number is None:
        raise Malformed("a number that is none")
    return number
