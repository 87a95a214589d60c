"""WireGuard as bytes and as text: both say the same of a device and its peers, and garbage is malformed or nothing."""

import contextlib
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.contract.shapes.common import Network
from netstrata.protocols.genetlink import nested, request, values
from netstrata.protocols.rtnetlink import Malformed
from netstrata.protocols.rtnetlink.wire import attribute, nest
from netstrata.protocols.wireguard import netlink, uapi
from netstrata.protocols.wireguard.device import NO_KEY, Device, DeviceChange, Endpoint, Peer, PeerChange, clamp
from netstrata.protocols.wireguard.x25519 import public_key

A, B = bytes([1]) * 32, bytes([2]) * 32
NET4, NET6 = Network(bytes([10, 0, 0, 0]), 24), Network(bytes([0xFD]) + bytes(15), 64)
V4, V6 = Endpoint(bytes([192, 0, 2, 1]), 51820), Endpoint(bytes([0xFE, 0x80]) + bytes(13) + b"\1", 7, 3)


def network(one: Network) -> bytes:
    family = 2 if len(one.address) == 4 else 10
    return nest(0, (1, pack("=H", family)), (2, one.address), (3, bytes((one.prefix,))))


def peer(key: bytes, *more: tuple[int, bytes], allowed: tuple[Network, ...] = ()) -> bytes:
    return nest(0, (1, key), *more, (9, b"".join(map(network, allowed))))


def shown(*peers: bytes, own: bytes = b"") -> tuple[bytes, int, int]:
    body = request(0, 1, own, attribute(8, b"".join(peers)))
    return body, 0, len(body)


def test_a_device_is_read_from_the_kernels_words() -> None:
    own = attribute(1, pack("=I", 7)) + attribute(3, A) + attribute(4, B)
    own += attribute(6, pack("=H", 51820)) + attribute(7, pack("=I", 9))
    endpoint = pack("=H", 2) + b"\xca\x6c" + V4.address + bytes(8)
    told = peer(
        B, (2, A), (4, endpoint), (5, pack("=H", 25)), (6, pack("=qq", 1000, 5)), (7, pack("=Q", 3)),
        (8, pack("=Q", 4)), allowed=(NET4, NET6),
    )  # fmt: skip

    device = netlink.decode([shown(told, own=own)])

    assert (device.private_key, device.listen_port, device.fwmark) == (A, 51820, 9)
    assert device.peers == {B: Peer(A, V4, 25, frozenset((NET4, NET6)), 1000, 3, 4)}


def test_a_peer_that_goes_on_in_the_next_message_is_one() -> None:
    first = shown(peer(A, allowed=(NET6,)), peer(B, (5, pack("=H", 25)), allowed=(NET4,)))
    more = Network(bytes([10, 1, 0, 0]), 24)

    device = netlink.decode([first, shown(peer(B, allowed=(more,)))])

    assert list(device.peers) == [A, B]
    assert device.peers[B] == Peer(keepalive=25, allowed=frozenset((NET4, more)))


def test_one_peer_is_one_message_that_names_no_other() -> None:
    change = PeerChange(B, A, V6, 25, frozenset((NET4,)))

    [body] = netlink.encode(7, DeviceChange(peers=(change,)))

    said = values(body, 0, len(body))
    assert body[0] == 1  # WG_CMD_SET_DEVICE
    assert set(said) == {1, 8}  # no flags: the peers that are there stay
    [told] = nested(said[8]).values()
    parts = nested(told)
    assert parts[1] == B
    assert parts[2] == A
    assert parts[3] == pack("=I", 2)  # WGPEER_F_REPLACE_ALLOWEDIPS
    assert parts[4] == pack("=H", 10) + b"\0\7" + bytes(4) + V6.address + pack("=I", 3)
    assert parts[5] == pack("=H", 25)
    assert nested(parts[9]) == {0: network(NET4)[4:]}


def test_very_many_allowed_ips_go_in_several_messages_of_which_only_the_first_replaces() -> None:
    networks = frozenset(Network(number.to_bytes(4, "big"), 32) for number in range(2500))

    bodies = netlink.encode(7, DeviceChange(peers=(PeerChange(B, allowed=networks),)))

    flags = [nested(next(iter(nested(values(body, 0, len(body))[8]).values())))[3] for body in bodies]
    assert flags == [pack("=I", 2), pack("=I", 4), pack("=I", 4)]
    assert max(map(len, bodies)) < 1 << 16
    assert sum(body.count(pack("=HHB", 5, 3, 32)) for body in bodies) == 2500


def test_a_device_is_read_from_the_words_of_user_space() -> None:
    text = (
        f"private_key={A.hex()}\nlisten_port=51820\nfwmark=7\npublic_key={B.hex()}\npreshared_key={A.hex()}\n"
        "protocol_version=1\nendpoint=[fe80::1%3]:7\nlast_handshake_time_sec=1000\nlast_handshake_time_nsec=5\n"
        "tx_bytes=4\nrx_bytes=3\npersistent_keepalive_interval=25\nallowed_ip=10.0.0.0/24\nallowed_ip=fd00::/64\n"
        f"public_key={A.hex()}\npreshared_key={NO_KEY.hex()}\nprotocol_version=1\nerrno=0\n\n"
    )

    device = uapi.decode(text.encode())

    assert (device.private_key, device.listen_port, device.fwmark) == (A, 51820, 7)
    assert device.peers == {B: Peer(A, V6, 25, frozenset((NET4, NET6)), 1000, 3, 4), A: Peer()}
    assert uapi.error_of(text.encode()) == 0


def test_a_change_is_said_to_user_space_with_nothing_that_stays() -> None:
    gone = PeerChange(A, remove=True, is_there=True)
    change = DeviceChange(listen_port=7, peers=(PeerChange(B, endpoint=V4, allowed=frozenset((NET4,))), gone))

    assert uapi.encode(change).decode() == (
        f"set=1\nlisten_port=7\npublic_key={B.hex()}\nendpoint=192.0.2.1:51820\nreplace_allowed_ips=true\n"
        f"allowed_ip=10.0.0.0/24\npublic_key={A.hex()}\nupdate_only=true\nremove=true\n\n"
    )


def test_no_is_an_error_number() -> None:
    assert uapi.error_of(b"errno=-22\n\n") == 22
    with pytest.raises(Malformed):
        uapi.error_of(b"listen_port=7\n\n")


def test_a_network_that_another_peer_is_given_is_the_first_ones_no_more() -> None:
    device = Device()
    device.apply(DeviceChange(peers=(PeerChange(A, allowed=frozenset((NET4, NET6))),)))
    assert device.owner(NET4) == A

    device.apply(DeviceChange(peers=(PeerChange(B, allowed=frozenset((NET4,))),)))
    device.apply(DeviceChange(peers=(PeerChange(A, allowed=frozenset()),)))

    assert (device.owner(NET4), device.owner(NET6)) == (B, None)


def test_the_public_key_is_that_of_the_rfc() -> None:
    # RFC 7748 section 6.1, Alice and Bob.
    alice = bytes.fromhex("77076d0a7318a57d3c16c17251b266454c6a5b3f008711c10f4fbd3f2d6dbf2a")
    bob = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")

    assert public_key(bob).hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert public_key(alice) == public_key(clamp(alice))


@given(st.dictionaries(st.integers(0, 11), st.binary(max_size=60)))
def test_garbage_of_the_kernel_is_malformed_or_nothing(told: dict[int, bytes]) -> None:
    body = request(0, 1, *(attribute(kind, value) for kind, value in told.items()))

    with contextlib.suppress(Malformed):
        netlink.decode([(body, 0, len(body))])


PIECES = b"public_key=|allowed_ip=|endpoint=|rx_bytes=|[::1]:|10.0.0.0/8|\n|=|-1".split(b"|")


@given(st.lists(st.sampled_from([*PIECES, B.hex().encode()])))
def test_garbage_of_user_space_is_malformed_or_nothing(told: list[bytes]) -> None:
    with contextlib.suppress(Malformed):
        uapi.decode(b"".join(told))


networks = st.builds(Network, st.binary(min_size=4, max_size=4), st.integers(0, 32))
changes = st.builds(
    PeerChange, st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.sampled_from([V4, V6]),
    st.integers(0, 65535), st.frozensets(networks, max_size=5), st.just(False), st.just(False),
)  # fmt: skip


@given(st.lists(changes, max_size=5, unique_by=lambda one: one.public_key))
def test_what_is_said_to_user_space_is_what_it_would_show(peers: list[PeerChange]) -> None:
    change = DeviceChange(A, 7, 9, tuple(peers))

    device = uapi.decode(uapi.encode(change).replace(b"set=1\n", b"").replace(b"replace_allowed_ips=true\n", b""))

    expected = Device()
    expected.apply(change._replace(private_key=None))
    assert device.peers == expected.peers
