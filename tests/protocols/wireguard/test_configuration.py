"""Files of wg and wg-quick: what is read of them, and what is said of a line that is not understood."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.contract.shapes.common import Network
from netstrata.contract.shapes.wireguard import PeerAddress
from netstrata.protocols.wireguard.configuration import AUTO, OFF, Misread, read
from netstrata.protocols.wireguard.device import key_text

A, B, C = (bytes([number]) * 32 for number in (1, 2, 3))
WHOLE = f"""
# a hub
[interface]
privatekey = {key_text(A)}  # of this host
Address = 10.66.0.1/24, 2001:db8:66::1/64
address=10.67.0.1
ListenPort = 51820
FwMark = 0xca6c
MTU = 1400
Table = off
DNS = 10.66.0.53, example.org
PostUp = nft add table ip x
PreDown = nft delete table ip x
SaveConfig = true

[Peer]
PublicKey={key_text(B)}
PresharedKey = {key_text(C)}
AllowedIPs = 10.66.0.2/24, 10.66.0.0/24
AllowedIPs = ::/0
Endpoint = [2001:db8::1]:51820
PersistentKeepalive = 25

[PEER]
PublicKey = {key_text(C)}
AllowedIPs =
PersistentKeepalive = off
"""


def test_a_whole_file_is_read() -> None:
    found = read(WHOLE)

    assert (found.private_key, found.listen_port, found.fwmark, found.mtu, found.table) == (A, 51820, 0xCA6C, 1400, OFF)
    assert [f"{'.'.join(map(str, one.address))}/{one.prefix}" for one in found.addresses if len(one.address) == 4] == [
        "10.66.0.1/24", "10.67.0.1/32",
    ]  # fmt: skip
    assert (found.servers, found.domains) == ((bytes([10, 66, 0, 53]),), ("example.org",))
    assert found.unsaid == ("PostUp = nft add table ip x", "PreDown = nft delete table ip x", "SaveConfig = true")
    first, second = found.peers
    assert first.allowed == (Network(bytes([10, 66, 0, 0]), 24), Network(bytes(16), 0))
    assert (first.public_key, first.preshared_key, first.keepalive) == (B, C, 25)
    assert first.endpoint == PeerAddress("2001:db8::1", 51820)
    assert second == (C, None, None, (), 0)


KEY = f"[Interface]\nPrivateKey = {key_text(A)}\n"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "there is no [Interface]"),
        ("[Interface]\n", 1, "this section lacks `PrivateKey`"),
        ("PrivateKey = x", 1, "expected [Interface], [Peer] or `Key = value`"),
        ("[Interface]\nPrivateKey = x", 2, "`PrivateKey`: expected a key: 44 characters"),
        (KEY + "Adress = 10.0.0.1/8", 3, "there is no `Adress` here; known are PrivateKey"),
        (KEY + "Endpoint = 10.0.0.1:7", 3, "there is no `Endpoint` here"),
        (KEY + "MTU = 1400\nMTU = 1400", 4, "`MTU` stands in line 3 already"),
        (KEY + "MTU =", 3, "`MTU` has no value"),
        (KEY + "MTU = big", 3, "`MTU`: expected an MTU"),
        (KEY + "Address = 10.0.0.1/33", 3, "`Address`: `10.0.0.1/33` is no address"),
        (KEY + "DNS = 10.0.0.1, a b", 3, "`DNS`: `a b` is neither an address nor a domain"),
        (KEY + "Table = main", 3, "`Table`: expected a routing table"),
        (KEY + KEY, 3, "[Interface] stands in line 1 already"),
        (KEY + "[Peer]\nAllowedIPs = 10.0.0.0/8", 3, "this section lacks `PublicKey`"),
        (KEY + f"[Peer]\nPublicKey = {key_text(B)}\nEndpoint = x", 5, "`Endpoint`: expected an endpoint"),
        (KEY + "[Route]", 3, "expected [Interface], [Peer] or `Key = value`"),
    ],
)
def test_a_line_that_is_not_understood_is_named(text: str, line: int, reason: str) -> None:
    with pytest.raises(Misread) as misread:
        read(text)

    assert misread.value.line == line
    assert misread.value.reason.startswith(reason)


def test_no_error_has_a_key_in_it() -> None:
    with pytest.raises(Misread) as misread:
        read(f"[Interface]\nPrivateKey = {key_text(A)}x")

    assert key_text(A)[:20] not in str(misread.value)


def test_what_is_not_said_is_as_wg_quick_has_it() -> None:
    found = read(KEY + "ListenPort = 0\nFwMark = off\nTable = auto\n")

    assert found[1:] == (None, 0, (), (), (), None, AUTO, (), ())


PIECES = st.sampled_from(
    ["[Interface]", "[Peer]", "PrivateKey = ", "PublicKey=", key_text(A), "\n", "#", "=", ",", "Address = 10.0.0.1/8",
     "AllowedIPs=", "Endpoint = a:1", "DNS = ", "PostUp = ", "Table = ", "\r", "\0", "é"]
)  # fmt: skip


@given(st.lists(PIECES).map("".join))
def test_any_text_is_read_or_a_line_of_it_is_named(text: str) -> None:
    with contextlib.suppress(Misread):
        read(text)
