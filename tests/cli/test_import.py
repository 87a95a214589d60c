"""`netstrata import wireguard`: a program that does what a file of wg-quick says, and has no key in it."""

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.cli.dispatch import run_command
from netstrata.cli.wireguard_program import program_of
from netstrata.contract.shapes.common import Network
from netstrata.contract.shapes.wireguard import PeerAddress
from netstrata.daemon.running.lookup import TryingLookup
from netstrata.daemon.running.registry import make_registry
from netstrata.language.check import check
from netstrata.language.load import load
from netstrata.language.parser import parse
from netstrata.protocols.wireguard.configuration import AUTO, Configuration, PeerSection
from netstrata.protocols.wireguard.device import key_text
from netstrata.values import Source
from tests.protocols.wireguard.test_configuration import WHOLE, A, B, C

FULL = f"""[Interface]
PrivateKey = {key_text(A)}
Address = 10.66.0.2/32
DNS = 10.66.0.53
[Peer]
PublicKey = {key_text(B)}
AllowedIPs = 0.0.0.0/0, 10.9.0.0/16
Endpoint = 192.0.2.1:51820
"""


def imported(folder: Path, text: str, *words: str) -> int:
    (folder / "wg0.conf").write_text(text)
    return run_command(["import", "wireguard", str(folder / "wg0.conf"), *words])


def laid_flat(text: str) -> list[str]:
    """Return statements, each on one line, however long that is."""
    flat = re.sub(r"([(\[])\s+", r"\1", re.sub(r"\s+([)\]])", r"\1", " ".join(text.split())))
    return [one.strip() for one in flat.split(";")]


def test_a_hub_is_a_program_and_its_keys_are_files_for_their_owner_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys"
    assert imported(tmp_path, WHOLE, "--keys", str(keys)) == 0
    told = capsys.readouterr()

    told_lines = laid_flat(told.out)
    assert told_lines[0] == f'# From {tmp_path}/wg0.conf. process wg0 {{ file_read("{keys}/wg0.key") key'
    assert told_lines[1:] == [
        'vpn.wireguard("wg0", ["private_key": key, "listen_port": "51820", "fwmark": "51820"])',
        'net.mtu("wg0", "1400")',
        'net.up("wg0")',
        'net.addr("wg0", "10.66.0.1/24")',
        'net.addr("wg0", "2001:db8:66::1/64")',
        'net.addr("wg0", "10.67.0.1/32")',
        f'file_read("{keys}/wg0-1.psk") psk1',
        f'vpn.wireguard.peer("wg0", "{key_text(B)}", ["endpoint": "[2001:db8::1]:51820", "allowed_ips": '
        '{"10.66.0.0/24", "::/0"}, "keepalive": "25", "preshared_key": psk1]) peer1',
        f'vpn.wireguard.peer("wg0", "{key_text(C)}", ["allowed_ips": {{}}]) peer2',
        'net.dns({"10.66.0.53"}, "10")',
        'net.dns.resolvconf({{"search", "example.org"}}, "10")',
        "# left out: PostUp = nft add table ip x # left out: PreDown = nft delete table ip x "
        "# left out: SaveConfig = true }",
    ]
    assert "warning: left out: PostUp = nft add table ip x\n" in told.err
    assert {file.name: file.read_text() for file in keys.iterdir()} == {
        "wg0.key": f"{key_text(A)}\n", "wg0-1.psk": f"{key_text(C)}\n",
    }  # fmt: skip
    assert {stat.S_IMODE(file.stat().st_mode) for file in keys.iterdir()} == {0o600}
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700


def test_keys_that_are_there_are_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wg0.key").write_text("another")

    assert imported(tmp_path, WHOLE, "--keys", str(tmp_path)) == 1

    assert capsys.readouterr() == ("", f"error: {tmp_path}/wg0.key: File exists\n")
    assert (tmp_path / "wg0.key").read_text() == "another"


def test_everything_into_the_tunnel_is_a_gateway_that_keeps_the_way_to_its_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, FULL) == 0
    told = capsys.readouterr()

    assert '    net.gateway("wg0", "none", ["kind": "vpn", "family": "inet", "server": peer1.address]);\n' in told.out
    assert '    net.route("10.9.0.0/16", ["dev": "wg0"]);\n' in told.out
    assert '"routes"' not in told.out
    assert "no key is written; `--keys DIR` writes wg0.key, which the program reads\n" in told.err
    assert 'file_read("/etc/netstrata/keys/wg0.key") key;' in told.out


def test_networks_have_routes_in_the_table_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = FULL.replace("0.0.0.0/0, ", "")
    assert imported(tmp_path, text) == 0
    main = capsys.readouterr().out
    assert imported(tmp_path, text.replace("[Peer]", "Table = 7\n[Peer]")) == 0
    other = capsys.readouterr().out

    assert '"allowed_ips": {"10.9.0.0/16"}, "routes": "0"]' in main
    assert '    net.route("10.9.0.0/16", ["dev": "wg0", "table": "7"]);\n' in other
    assert '"routes"' not in other


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("wg0.conf", FULL + "\nMTU = x\n", "wg0.conf:10: there is no `MTU` here"),
        ("wg0.conf", FULL.replace("DNS", "MTU"), "wg0.conf:4: `MTU`: expected an MTU: whole bytes, 68 to 65535\n"),
        ("a b.conf", FULL, "a b.conf: the file is named as its link: 1 to 15 letters, digits and _=+.-, then .conf\n"),
        ("longer-than-it-may.conf", FULL, "the file is named as its link"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, reason: str
) -> None:
    (tmp_path / name).write_text(text)

    assert run_command(["import", "wireguard", str(tmp_path / name)]) == 1

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert reason in told.err


TEXT = st.text(max_size=20).map(lambda text: text.replace("\n", ""))
PACKED = st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16)
NETWORKS = st.builds(lambda raw: Network(raw, 8 * len(raw)), PACKED)
PORTS = st.integers(1, 65535)
KEY = st.binary(min_size=32, max_size=32).filter(any)
ENDPOINTS = st.builds(PeerAddress, st.sampled_from(["192.0.2.1", "2001:db8::1", "a.b"]), PORTS)
PEERS = st.builds(
    PeerSection, KEY, st.none() | KEY, st.none() | ENDPOINTS,
    st.lists(NETWORKS | st.just(Network(bytes(4), 0)), max_size=4, unique=True).map(tuple), st.integers(0, 65535),
)  # fmt: skip
FILES = st.builds(
    Configuration, KEY, st.none() | PORTS, st.integers(0, 2**32 - 1), st.lists(NETWORKS, max_size=3).map(tuple),
    st.lists(st.binary(min_size=4, max_size=4), max_size=2).map(tuple), st.just(()), st.none() | st.integers(68, 65535),
    st.sampled_from([-1, AUTO, 7]), st.lists(TEXT, max_size=3).map(tuple), st.lists(PEERS, max_size=4).map(tuple),
)  # fmt: skip
LOOKUP = TryingLookup(make_registry())


@given(FILES, TEXT)
def test_whatever_a_file_says_is_a_program_that_is_right_and_has_no_key(found: Configuration, source: str) -> None:
    written = program_of("wg-0=x", source, found, "/etc/keys")

    file, mistakes = parse(Source("x", written.text.encode("utf-8", "surrogateescape")))
    errors = check(load("x", lambda _: written.text.encode("utf-8", "surrogateescape")), LOOKUP).errors
    assert (len(file.elements), mistakes, errors) == (1, [], [])
    secrets = [key_text(one) for one in (found.private_key, *(peer.preshared_key for peer in found.peers)) if one]
    public = {key_text(peer.public_key) for peer in found.peers}
    assert [key for key in secrets if key in written.text and key not in public] == []
    assert sorted(written.keys.values()) == sorted(secrets)
    assert len(re.findall(r"vpn\.wireguard\.peer\(", written.text)) >= len(found.peers)
