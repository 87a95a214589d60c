"""MACsec as bytes: what is said of a link, what is asked of it, and garbage."""

import contextlib
from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols import macsec
from netstrata.protocols.genetlink import nested, request, values
from netstrata.protocols.macsec import Association, MacsecLink
from netstrata.protocols.rtnetlink import Malformed
from netstrata.protocols.rtnetlink.wire import attribute, nest

SCI = bytes.fromhex("020000000b010001")
KEY, ID = bytes(range(16)), b"\1" + bytes(15)


def sa(number: int, *, on: bool) -> bytes:
    return nest(1, (1, bytes((number,))), (2, bytes((on,))), (3, pack("=I", 7)), (5, ID))


def test_a_link_is_read_with_its_channels_and_associations() -> None:
    body = request(
        0, 1,
        attribute(1, pack("=I", 7)),
        nest(4, (4, pack("=Q", 0x0080C20001000004))),
        attribute(5, sa(0, on=True) + sa(1, on=False)),
        attribute(6, nest(1, (1, SCI), (2, b"\1"), (3, sa(3, on=True)))),
    )  # fmt: skip

    link = macsec.decode(body, 0, len(body))

    on, off = Association(True, ID), Association(False, ID)
    assert link == MacsecLink(7, 0x0080C20001000004, {(b"", 0): on, (b"", 1): off, (SCI, 3): on}, {SCI: True})
    assert (link.key_size, link.counts_long) == (32, True)


def test_the_cipher_that_old_kernels_show_takes_a_short_key() -> None:
    # MACSEC_DEFAULT_CIPHER_ID of linux/if_macsec.h: gcm-aes-128, by its number before IEEE 802.1AE-2018.
    assert MacsecLink(7, 0x0080020001000001, {}, {}).key_size == 16
    assert not MacsecLink(7, 0x0080020001000001, {}, {}).counts_long


def test_a_key_is_said_with_its_channel_and_its_number() -> None:
    body = macsec.add_association(7, SCI, 2, ID, KEY, {"pn": 9})

    said = values(body, 0, len(body))
    assert body[0] == 7  # MACSEC_CMD_ADD_RXSA
    assert said[1] == pack("=I", 7)
    assert nested(said[2]) == {1: SCI}
    assert nested(said[3]) == {1: b"\2", 2: b"\1", 3: pack("=I", 9), 4: KEY, 5: ID}


def test_a_key_of_a_cipher_that_counts_long_has_a_salt() -> None:
    body = macsec.add_association(7, b"", 0, ID, KEY, {"salt": bytes(12), "ssci": 5})

    said = values(body, 0, len(body))
    assert body[0] == 4  # MACSEC_CMD_ADD_TXSA
    assert 2 not in said
    assert nested(said[3]) == {1: b"\0", 2: b"\1", 3: pack("=Q", 1), 4: KEY, 5: ID, 8: pack("=I", 5), 9: bytes(12)}


@given(st.dictionaries(st.integers(0, 7), st.binary(max_size=40)))
def test_garbage_is_malformed_or_nothing(shown: dict[int, bytes]) -> None:
    body = request(0, 1, *(attribute(kind, value) for kind, value in shown.items()))

    with contextlib.suppress(Malformed):
        macsec.decode(body, 0, len(body))
