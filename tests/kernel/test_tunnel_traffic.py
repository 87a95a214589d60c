"""What leaves one host through a link that a statement has made arrives at the other, and only while that is up.

Two hosts have a cable between them, and a daemon each.  Seen with Linux 6.12.95, iproute2 6.1.0.
"""

import socket
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.kernel.filters.programs import started
from tests.kernel.statements.rows import Row
from tests.kernel.statements.test_every_statement import SLOW_S, prepared

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
PAYLOAD = b"netstrata by a tunnel"
_PORT = 4000
_IN4, _IN6 = "10.9.0.{}", "fd09::{}"
_OUT4 = 'net.addr("va", "192.0.2.{here}/24");'
_OUT6 = 'net.addr("va", "2001:db8::{here}/64", ["nodad": "on"]);'
_ENDS4 = '"local": "192.0.2.{here}", "remote": "192.0.2.{there}"'
_ENDS6 = '"local": "2001:db8::{here}", "remote": "2001:db8::{there}"'
_NODAD = ', ["nodad": "on"]'
_ESP = "proto esp spi {spi} reqid 7 mode tunnel aead 'rfc4106(gcm(aes))' 0x" + "01" * 20 + " 128"


class Tunnel(NamedTuple):
    """One way to another host.

    Shapes: `made` is the statements that make vz, in which `here` and `there` are the hosts' numbers; `inside` is the
    hosts' addresses there; `outside` gives va its own.  `ready` are lines of shell, done on each host before.
    """

    kind: str
    made: str
    outside: str = _OUT4
    inside: str = _IN4
    ready: tuple[str, ...] = ()


def _ipsec(mark: str) -> tuple[str, ...]:
    """Return how both hosts come by the same states and policies, as those who speak IKE make them."""
    ways = (("out", "{here}", "{there}"), ("in", "{there}", "{here}"))
    return tuple(
        line
        for way, source, target in ways
        for line in (
            f"ip xfrm state add src 192.0.2.{source} dst 192.0.2.{target} {_ESP.format(spi=source)} {mark}",
            f"ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir {way} tmpl src 192.0.2.{source} dst 192.0.2.{target}"
            f" proto esp reqid 7 mode tunnel {mark}",
        )
    )


TUNNELS = {
    "gre": Tunnel("gre", f'net.gre("vz", [{_ENDS4}, "key": "7", "csum": "on"]);'),
    "gretap": Tunnel("gretap", f'net.gretap("vz", [{_ENDS4}]);'),
    "ip6gre": Tunnel("ip6gre", f'net.ip6gre("vz", [{_ENDS6}]);', _OUT6),
    "ip6gretap": Tunnel("ip6gretap", f'net.ip6gretap("vz", [{_ENDS6}]);', _OUT6),
    "ipip": Tunnel("ipip", f'net.ipip("vz", [{_ENDS4}]);'),
    "sit": Tunnel("sit", f'net.sit("vz", [{_ENDS4}]);', inside=_IN6),
    "ip6tnl of IPv4": Tunnel("ip6tnl", f'net.ip6tnl("vz", [{_ENDS6}, "mode": "ipip6"]);', _OUT6),
    "ip6tnl of IPv6": Tunnel("ip6tnl", f'net.ip6tnl("vz", [{_ENDS6}]);', _OUT6, _IN6),
    "vxlan": Tunnel("", f'net.vxlan("vz", ["id": "42", {_ENDS4}, "dstport": "4789"]);'),
    "vxlan over IPv6": Tunnel("", f'net.vxlan("vz", ["id": "42", {_ENDS6}, "dstport": "4789"]);', _OUT6),
    "vxlan with a way of its own": Tunnel(
        "",
        'net.vxlan("vz", ["id": "42", "local": "192.0.2.{here}", "dstport": "4789", "learning": "off"]);'
        ' net.bridge.fdb("vz", "00:00:00:00:00:00", ["dst": "192.0.2.{there}"]);'
        ' net.mac("vz", "02:00:00:00:0c:0{here}");'
        ' net.bridge.fdb("vz", "02:00:00:00:0c:0{there}", ["dst": "192.0.2.{there}"]);',
    ),
    "geneve": Tunnel("geneve", 'net.geneve("vz", ["id": "42", "remote": "192.0.2.{there}"]);'),
    "geneve over IPv6": Tunnel("geneve", 'net.geneve("vz", ["id": "42", "remote": "2001:db8::{there}"]);', _OUT6),
    "ipvlan": Tunnel("ipvlan", 'net.ipvlan("va", "vz", "l2");', ""),
    "macvlan": Tunnel("macvlan", 'net.macvlan("va", "vz", "bridge");', ""),
    "vlan": Tunnel("vlan", 'net.vlan("va", "7", "vz");', ""),
    "xfrm": Tunnel("xfrm", 'net.xfrm("vz", ["if_id": "7"]);', ready=_ipsec("if_id 7")),
    "vti": Tunnel("vti", f'net.vti("vz", [{_ENDS4}, "key": "7"]);', ready=_ipsec("mark 7")),
}  # fmt: skip


def with_numbers(text: str, here: int) -> str:
    """Put the hosts' numbers into a text."""
    return text.replace("{here}", str(here)).replace("{there}", str(3 - here))


def _said(tunnel: Tunnel, here: int) -> str:
    """Return the program of a host."""
    prefix = 24 if tunnel.inside == _IN4 else 64
    address = f'net.addr("vz", "{tunnel.inside.format(here)}/{prefix}"{_NODAD if prefix == 64 else ""});'
    text = with_numbers(tunnel.outside + tunnel.made, here)
    return f'process main {{ net.up("va"); {text} net.up("vz"); {address} println("complete"); }}'


def two_hosts(lab: Lab, tunnel: Tunnel) -> tuple[Host, Host]:
    """Return two hosts with a cable between their va's."""
    one = prepared(lab, Row("", "", (), "", "", needs=tunnel.kind))
    other = lab.host("second")
    one.ip("link del va")
    lab.cable((one, "va"), (other, "va"))
    for number, host in ((1, one), (2, other)):
        host.ip(f"link set va down address 02:00:00:00:0a:0{number}")
        for line in tunnel.ready:
            host.run("sh", "-c", with_numbers(line, number))
    return one, other


def daemons(hosts: tuple[Host, Host], tunnel: Tunnel, folder: Path) -> list[Child]:
    """Start a daemon on each host, and return when all is up."""
    running = []
    for number, host in enumerate(hosts, 1):
        (folder / str(number)).mkdir()
        text = _said(tunnel, number)
        options = ("--control", "none", "--state", str(folder / str(number)))
        running.append(started(host, folder / str(number) / "x.ncd", text, *options))
    for daemon in running:
        daemon.wait_output("complete\n", SLOW_S)
    return running


def reaches(one: Host, other: Host, address: str) -> bool:
    """Say whether what one host sends to an address arrives at another one within a second."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    mouth, ear = (host.call(lambda: socket.socket(family, socket.SOCK_DGRAM)) for host in (one, other))
    with mouth, ear:
        ear.bind(("", _PORT))
        ear.settimeout(1)
        try:
            mouth.sendto(PAYLOAD, (address, _PORT))
            return ear.recv(100) == PAYLOAD
        except OSError:
            return False


@pytest.mark.parametrize(
    "tunnel",
    [pytest.param(one, id=name, marks=[pytest.mark.vm] if one.kind else []) for name, one in TUNNELS.items()],
)
def test_what_one_host_sends_arrives_at_the_other_while_both_daemons_run(
    lab: Lab, tmp_path: Path, tunnel: Tunnel
) -> None:
    one, other = two_hosts(lab, tunnel)
    running = daemons((one, other), tunnel, tmp_path)
    address = tunnel.inside.format(2)

    wait_until("an answer", lambda: reaches(one, other, address), SLOW_S)
    statuses = [daemon.end(SLOW_S) for daemon in running]

    assert statuses == [0, 0]
    assert not reaches(one, other, address)
    assert [line for host in (one, other) for line in host.kernel().splitlines() if line.startswith("link vz")] == []


@pytest.mark.vm("netkit")
@pytest.mark.parametrize(
    ("options", "there", "back"),
    [
        ("", True, True),
        (', ["mode": "l2"]', True, True),
        (', ["policy": "blackhole"]', False, True),
        (', ["peer_policy": "blackhole"]', True, False),
    ],
)
def test_a_netkit_leads_to_another_host_unless_an_end_is_a_blackhole(
    lab: Lab, tmp_path: Path, options: str, there: bool, back: bool
) -> None:
    one, other = two_hosts(lab, Tunnel("netkit", ""))
    text = f'net.netkit("vz", "vy"{options}); net.up("vz"); net.addr("vz", "10.9.0.1/24"); println("complete");'
    daemon = started(one, tmp_path / "x.ncd", f"process main {{ {text} }}", "--control", "none")
    daemon.wait_output("complete\n", SLOW_S)

    one.ip(f"link set vy netns {other.net_path}", files=[other.net])
    other.ip("addr add 10.9.0.2/24 dev vy", "link set vy up")
    arrived = reaches(one, other, "10.9.0.2"), reaches(other, one, "10.9.0.1")

    assert daemon.end(SLOW_S) == 0
    assert arrived == (there, back)
    lines = [line for host in (one, other) for line in host.kernel().splitlines()]
    assert [line for line in lines if line.startswith(("link vz", "link vy"))] == []
