"""Two hosts whose MACsec links have each other's keys: what is on the cable, who is told the keys, what changes.

Seen with Linux 6.12.95 and iproute2 6.1.0.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.kernel.filters.programs import SOURCES, started
from tests.kernel.statements.test_every_statement import SLOW_S
from tests.kernel.test_tunnel_traffic import PAYLOAD, Tunnel, daemons, reaches, two_hosts

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = [pytest.mark.kernel, pytest.mark.vm("macsec")]
_SHORT = "00010203040506070809{0}0b0c0d0e0f"
_LONG = _SHORT + "2021222324252627282930313233343536"[:32]
_XPN = '"salt": "' + "0a" * 12 + '", "ssci": "{0}"'
_HEARD = '"02:00:00:00:0a:0{there}"'


def secured(options: str, key: str = _SHORT, number: int = 0, more: str = "") -> Tunnel:
    """Return a MACsec link with a key for each direction."""
    own, others = (f'"{key.replace("{0}", f"0{end}")}", [{more.replace("{0}", end)}]' for end in ("{here}", "{there}"))
    return Tunnel(
        "macsec",
        f'net.macsec("va", "vz", [{options}]); net.macsec.tx_key("vz", "{number}", {own});'
        f' net.macsec.rx_key("vz", {_HEARD}, "{number}", {others});',
        outside="",
    )


WAYS = {
    "gcm-aes-128": secured('"encrypt": "on"'),
    "gcm-aes-256": secured('"encrypt": "on", "cipher": "gcm-aes-256", "replay": "on", "window": "0"', _LONG),
    "gcm-aes-xpn-128": secured('"encrypt": "on", "cipher": "gcm-aes-xpn-128"', more=_XPN),
    "gcm-aes-xpn-256": secured('"encrypt": "on", "cipher": "gcm-aes-xpn-256"', _LONG, more=_XPN),
    "another association": secured('"encrypt": "on", "encodingsa": "3"', number=3),
    "with names": secured('"encrypt": "on"', more='"id": "0{0}", "pn": "1000"'),
}


@contextmanager
def cable(host: Host) -> Iterator[list[bytes]]:
    """Hear the frames that come out of the cable; they are there when it is left."""
    frames: list[bytes] = []
    ear = host.call(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
    with ear:
        ear.bind(("va", 3))
        ear.setblocking(False)
        yield frames
        try:
            while True:
                frames.append(ear.recv(2000))
        except BlockingIOError:
            return


def netstrata(host: Host, folder: Path, *words: str) -> str:
    """Return what a command prints about the daemon of a host."""
    path = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin"}
    asked = host.start(["python3", "-m", "netstrata", *words, "--control", str(folder / "control")], path)
    asked.status(SLOW_S)
    return asked.output()


@pytest.mark.parametrize("way", list(WAYS))
def test_what_is_sent_arrives_and_is_encrypted_on_the_cable(lab: Lab, tmp_path: Path, way: str) -> None:
    one, other = two_hosts(lab, WAYS[way])
    running = daemons((one, other), WAYS[way], tmp_path)
    wait_until("an answer", lambda: reaches(one, other, "10.9.0.2"), SLOW_S)

    with cable(other) as frames:
        assert reaches(one, other, "10.9.0.2")
    statuses = [daemon.end(SLOW_S) for daemon in running]

    secret = [frame for frame in frames if frame[12:14] == b"\x88\xe5"]
    assert secret != []
    assert [frame for frame in secret if PAYLOAD in frame] == []
    assert statuses == [0, 0]
    assert [host.run("ip", "macsec", "show") for host in (one, other)] == ["", ""]


def test_another_key_at_the_other_end_lets_nothing_through(lab: Lab, tmp_path: Path) -> None:
    wrong = WAYS["gcm-aes-128"]._replace(made=WAYS["gcm-aes-128"].made.replace("0{there}0b", "0{there}ff"))
    hosts = two_hosts(lab, wrong)

    running = daemons(hosts, wrong, tmp_path)

    assert not any(reaches(*hosts, "10.9.0.2") for _ in range(3))
    assert [daemon.end(SLOW_S) for daemon in running] == [0, 0]


PROGRAM = """process main {
    net.macsec("va", "vz", ["encrypt": "on"]);
    net.macsec.tx_key("vz", "0", "000102030405060708090a0b0c0d0e0f");
    net.macsec.rx_key("vz", "02:00:00:00:0b:01", "0", "101112131415161718191a1b1c1d1e1f");
    net.macsec.rx_key("vz", "02:00:00:00:0b:01", "1", "202122232425262728292a2b2c2d2e2f");
    println("complete"); rprintln("undone");
}
"""


class Keyed:
    """A host whose daemon holds three keys, in two channels."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.folder = folder
        self.host, _ = two_hosts(lab, WAYS["gcm-aes-128"])

    def run(self, text: str = PROGRAM) -> Child:
        """Start a daemon."""
        options = ("--control", str(self.folder / "control"), "--state", str(self.folder))
        return started(self.host, self.folder / "x.ncd", text, *options)

    def shown(self) -> list[str]:
        """Return channels and keys as ip shows them."""
        lines = (line.strip() for line in self.host.run("ip", "macsec", "show").splitlines())
        return [line for line in lines if line.startswith(("TXSC", "RXSC", "0:", "1:", "2:", "3:"))]


@pytest.fixture
def keyed(lab: Lab, tmp_path: Path) -> Keyed:
    """The host; nothing runs yet."""
    return Keyed(lab, tmp_path)


def test_nobody_is_shown_a_key(keyed: Keyed) -> None:
    daemon = keyed.run()
    daemon.wait_output("complete\n", SLOW_S)
    wrong = PROGRAM.replace('"0", "0001', '"0", "zz01')
    (keyed.folder / "x.ncd").write_text(wrong)

    told = "".join(
        netstrata(keyed.host, keyed.folder, *words)
        for words in (("log",), ("status",), ("why", "main"), ("plan",), ("reload",), ("goals",))
    )
    journals = [path.read_bytes() for path in keyed.folder.rglob("*") if path.is_file() and path.suffix != ".ncd"]
    daemon.end(SLOW_S)

    everything = told + daemon.output()
    assert "macsec.tx_key" in everything
    assert journals != []
    for key in ("000102030405060708090a0b0c0d0e0f", "zz0102030405060708090a0b0c0d0e0f"):
        assert key not in everything
    for data in journals:
        assert bytes(range(16)) not in data
        assert b"texts" in data or bytes(range(16)).hex().encode() not in data  # what is kept of programs to go back


def test_a_channel_stays_until_its_last_key_goes_and_for_the_keys_of_others(keyed: Keyed) -> None:
    daemon = keyed.run()
    daemon.wait_output("complete\n", SLOW_S)
    where = "vz rx port 1 address 02:00:00:00:0b:01"

    keyed.host.run("sh", "-c", f"ip macsec add {where} sa 2 pn 1 on key 09 {'33' * 16}")
    held = keyed.shown()
    (keyed.folder / "x.ncd").write_text(PROGRAM.replace("net.macsec.", "# net.macsec."))
    netstrata(keyed.host, keyed.folder, "reload")
    daemon.wait_output("undone\n", SLOW_S)
    left = keyed.shown()
    daemon.end(SLOW_S)

    assert [line.partition(" ")[0] for line in held] == ["TXSC:", "0:", "RXSC:", "0:", "1:", "2:"]
    assert [line.partition(" ")[0] for line in left] == ["TXSC:", "RXSC:", "2:"]


def test_another_key_in_the_program_is_put_in_the_place_of_the_one_of_a_killed_daemon(keyed: Keyed) -> None:
    first = PROGRAM.replace('1c1d1e1f")', '1c1d1e1f", ["id": "01"])')
    daemon = keyed.run(first)
    daemon.wait_output("complete\n", SLOW_S)
    stood = keyed.shown()
    daemon.signal(9)
    daemon.status(SLOW_S)

    following = keyed.run(first.replace("1c1d1e1f", "1c1d1eff").replace("0c0d0e0f", "0c0d0eff"))
    following.wait_output("complete\n", SLOW_S)
    again = keyed.shown()
    with_plan = following.output()
    following.end(SLOW_S)

    assert again[1] != stood[1]  # its id is made of the key
    assert again[2:] == stood[2:]  # the key under the same id is another one, which nobody can see
    assert "Traceback" not in with_plan


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('net.macsec.tx_key("vz", "0", "{0}{0}");', "the link's cipher takes a key of 16 bytes"),
        ('net.macsec.tx_key("vz", "0", "{0}", ["salt": "{salt}"]);', "a cipher with xpn takes `salt` and `ssci`"),
        ('net.macsec.tx_key("va", "0", "{0}");', "va is no MACsec link"),
        ('net.macsec.tx_key("vq", "0", "{0}");', "there is no link vq"),
        ('net.macsec.tx_key("vz", "1", "{0}");', "another key is there"),
        ('net.macsec.rx_key("vz", "02:00:00:00:0b:02", "1", "{0}");', "it is there, but off"),
        (
            'net.macsec.tx_key("vz", "0", "{0}"); net.macsec.tx_key("vz", "0", "{1}");',
            "this program holds another key there",
        ),
    ],
)
def test_what_does_not_fit_is_said(keyed: Keyed, line: str, reason: str) -> None:
    for words in (
        "link add vz link va type macsec", f"macsec add vz tx sa 1 pn 1 on key 09 {'33' * 16}",
        "macsec add vz rx port 1 address 02:00:00:00:0b:02 off",
    ):  # fmt: skip
        keyed.host.run("ip", *words.split())
    before = keyed.shown()
    text = line.replace("{0}", "00" * 16).replace("{1}", "11" * 16).replace("{salt}", "0a" * 12)

    daemon = keyed.run(f"process main {{ {text} }}")
    daemon.wait_output(reason, SLOW_S)
    daemon.end(SLOW_S)

    assert keyed.shown() == before


def test_a_key_that_is_there_already_stays(keyed: Keyed) -> None:
    keyed.host.run("ip", *["link", "add", "vz", "link", "va", "type", "macsec", "encrypt", "on"])
    key = "000102030405060708090a0b0c0d0e0f"
    keyed.host.run("sh", "-c", f"ip macsec add vz tx sa 0 pn 1 on key 09 {key}")
    before = keyed.shown()

    daemon = keyed.run(f'process main {{ net.macsec.tx_key("vz", "0", "{key}", ["id": "09"]); println("complete"); }}')
    daemon.wait_output("complete\n", SLOW_S)
    daemon.end(SLOW_S)

    assert keyed.shown() == before
