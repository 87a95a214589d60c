"""WireGuard of the kernel as bytes: the family `wireguard` of generic netlink.

A device whose peers do not fit one message comes in several; so does a peer whose allowed IPs do not, which is named
again at the beginning of the next one.  Source: linux/wireguard.h; Linux, drivers/net/wireguard/netlink.c.
"""

import socket
import sys
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Final

from netstrata.contract.shapes.common import Network
from netstrata.protocols import genetlink
from netstrata.protocols.rtnetlink.wire import U32, Malformed, Octets, attribute, attributes, nest
from netstrata.protocols.wireguard.device import KEY_SIZE, NO_KEY, Device, DeviceChange, Endpoint, Peer, PeerChange

FAMILY: Final = "wireguard"
_GET, _SET = 0, 1
_IFINDEX, _PRIVATE_KEY, _LISTEN_PORT, _FWMARK, _PEERS = 1, 3, 6, 7, 8
_PUBLIC_KEY, _PRESHARED_KEY, _FLAGS, _ENDPOINT, _KEEPALIVE = 1, 2, 3, 4, 5
_HANDSHAKE, _RECEIVED, _SENT, _ALLOWED = 6, 7, 8, 9
_FAMILY, _ADDRESS, _PREFIX = 1, 2, 3
_REMOVE, _REPLACE_ALLOWED, _IS_THERE = 1, 2, 4
_U16 = Struct("=H")
_SECONDS = Struct("=q")  # the first half of a time
_IN4 = Struct("=H2s4s8x")  # sockaddr_in: family, port in network order, address
_IN6 = Struct("=H2s4x16sI")  # sockaddr_in6: with the index of its link
_AT_ONCE = 1000  # allowed IPs of one message: an attribute has no more than 64 KiB


def ask(ifindex: int) -> bytes:
    """Return the body of a dump of a device with its peers."""
    return genetlink.request(_GET, 1, attribute(_IFINDEX, U32.pack(ifindex)))


def encode(ifindex: int, change: DeviceChange) -> list[bytes]:
    """Return the bodies of the messages that change a device: one, unless a peer has very many allowed IPs."""
    own: list[tuple[int, bytes]] = [(_IFINDEX, U32.pack(ifindex))]
    if change.private_key is not None:
        own.append((_PRIVATE_KEY, change.private_key))
    if change.listen_port is not None:
        own.append((_LISTEN_PORT, _U16.pack(change.listen_port)))
    if change.fwmark is not None:
        own.append((_FWMARK, U32.pack(change.fwmark)))
    bodies = [b"".join(attribute(kind, value) for kind, value in own)]
    for peer in change.peers:
        first, *rest = _encode_peer(peer)
        bodies[0] += _one_peer(first)
        bodies += [attribute(*own[0]) + _one_peer(one) for one in rest]
    return [genetlink.request(_SET, 1, body) for body in bodies]


def _one_peer(inner: list[tuple[int, bytes]]) -> bytes:
    return nest(_PEERS, (0x8000, b"".join(attribute(kind, value) for kind, value in inner)))


def _encode_peer(peer: PeerChange) -> Iterator[list[tuple[int, bytes]]]:
    """Yield the attributes of a peer, in several parts if it has very many allowed IPs."""
    flags = _REMOVE * peer.remove | _IS_THERE * peer.is_there | _REPLACE_ALLOWED * (peer.allowed is not None)
    named = (_PUBLIC_KEY, peer.public_key)
    inner = [named, (_FLAGS, U32.pack(flags))]
    if peer.preshared_key is not None:
        inner.append((_PRESHARED_KEY, peer.preshared_key))
    if peer.endpoint is not None:
        inner.append((_ENDPOINT, _encode_endpoint(peer.endpoint)))
    if peer.keepalive is not None:
        inner.append((_KEEPALIVE, _U16.pack(peer.keepalive)))
    networks = sorted(peer.allowed or ())
    for at in range(0, max(len(networks), 1), _AT_ONCE):
        some = networks[at : at + _AT_ONCE]
        more = [(_ALLOWED | 0x8000, b"".join(_encode_network(one) for one in some))] if some else []
        yield [*(inner if not at else [named, (_FLAGS, U32.pack(_IS_THERE))]), *more]


def _encode_network(network: Network) -> bytes:
    family = socket.AF_INET if len(network.address) == 4 else socket.AF_INET6
    return nest(0, (_FAMILY, _U16.pack(family)), (_ADDRESS, network.address), (_PREFIX, bytes((network.prefix,))))


def _encode_endpoint(endpoint: Endpoint) -> bytes:
    port = endpoint.port.to_bytes(2, "big")
    if len(endpoint.address) == 4:
        return _IN4.pack(socket.AF_INET, port, endpoint.address)
    return _IN6.pack(socket.AF_INET6, port, endpoint.address, endpoint.scope)


def decode(shown: Iterable[tuple[Octets, int, int]]) -> Device:
    """Read a device from the messages of a dump.

    Raises: Malformed.
    """
    device = Device()
    for at, (data, start, end) in enumerate(shown):
        found = genetlink.values(data, start, end)
        if not at:
            device.private_key = found.get(_PRIVATE_KEY, NO_KEY)
            device.listen_port = _number(found.get(_LISTEN_PORT))
            device.fwmark = _number(found.get(_FWMARK))
        for key, peer in _peers(found.get(_PEERS, b"")):
            before = device.peers.get(key)  # only its allowed IPs go on
            device.peers[key] = peer if before is None else before._replace(allowed=before.allowed | peer.allowed)
    return device


def _peers(data: bytes) -> Iterator[tuple[bytes, Peer]]:
    for _, first, last in attributes(data, 0, len(data)):
        found = {kind: data[start:end] for kind, start, end in attributes(data, first, last)}
        key = found.get(_PUBLIC_KEY, b"")
        if len(key) != KEY_SIZE:
            raise Malformed("a peer without a public key")
        handshake = found.get(_HANDSHAKE, b"")
        yield (
            key,
            Peer(
                found.get(_PRESHARED_KEY, NO_KEY),
                _decode_endpoint(found.get(_ENDPOINT, b"")),
                _number(found.get(_KEEPALIVE)),
                frozenset(_networks(found.get(_ALLOWED, b""))),
                _SECONDS.unpack_from(handshake)[0] if len(handshake) >= _SECONDS.size else 0,
                _number(found.get(_RECEIVED)),
                _number(found.get(_SENT)),
            ),
        )


def _networks(data: bytes) -> Iterator[Network]:
    for _, first, last in attributes(data, 0, len(data)):
        found = {kind: data[start:end] for kind, start, end in attributes(data, first, last)}
        address = found.get(_ADDRESS, b"")
        if len(address) not in (4, 16):
            raise Malformed(f"an allowed IP of {len(address)} bytes")
        yield Network(address, _number(found.get(_PREFIX)))


def _decode_endpoint(data: bytes) -> Endpoint | None:
    if len(data) == _IN4.size:
        _, port, address = _IN4.unpack(data)
        return Endpoint(address, int.from_bytes(port, "big"))
    if len(data) == _IN6.size:
        _, port, address, scope = _IN6.unpack(data)
        return Endpoint(address, int.from_bytes(port, "big"), scope)
    return None


def _number(value: bytes | None) -> int:
    return int.from_bytes(value or b"", sys.byteorder)
