"""net.dnsmasq, with real clients."""

import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from tests.kernel.filters.programs import SOURCES, started, up

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

CLIENT = """
process main {
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv4.dhcp("eth0") lease;
    net.ipv4.addr("eth0", lease.cidr_addr);
    to_string(lease.dns_servers) servers;
    println("leased ", lease.addr, " ", lease.gateway, " ", servers);
}
"""
SERVER = """
net.up("lan");
net.ipv4.addr("lan", "192.0.2.1/24");
net.dnsmasq("lan", [
    "range": {"192.0.2.10", "192.0.2.20"}, "lease_time": "600", "router": "192.0.2.254", "dns": {"192.0.2.53"},
    "domain": "example.org", "hosts": {{"02:00:00:00:0A:01", "192.0.2.99", "printer"}}
]);
"""


def two(lab: Lab) -> tuple[Host, Host]:
    """Return a server and a client on one cable."""
    server, client = lab.host("server"), lab.host("client")
    lab.cable((server, "lan"), (client, "eth0"))
    return server, client


def dnsmasq_pid(host: Host) -> int:
    """Return the process id of the dnsmasq of a lab, 0 if there is none."""
    lines = host.run("ps", "-e", "-o", "pid=,comm=").splitlines()
    return next((int(line.split()[0]) for line in lines if line.split()[1] == "dnsmasq"), 0)


def test_clients_get_what_was_said_and_all_is_gone_at_the_end(lab: Lab, tmp_path: Path) -> None:
    server, client = two(lab)
    client.ip("link set eth0 address 02:00:00:00:0a:01")
    server.write("/var/lib/netstrata/dnsmasq-lan.leases", "")
    daemon = up(server, tmp_path / "server.ncd", SERVER)
    mode = server.call(lambda: oct(os.stat("/run/netstrata/generated/dnsmasq-lan.conf").st_mode))

    leased = started(client, tmp_path / "client.ncd", CLIENT)
    leased.wait_output('leased 192.0.2.99 192.0.2.254 {"192.0.2.53"}')
    leased.end()
    daemon.end()

    assert mode == "0o100600"
    assert "DHCPACK(lan) 192.0.2.99" in daemon.output()
    assert server.kernel() == "link lan down"
    assert server.run("find", "/run/netstrata", "-type", "f") == ""
    assert dnsmasq_pid(server) == 0


@pytest.mark.parametrize(("firmware", "file"), [("0000", "pxelinux.0"), ("0007", "grubx64.efi")])
def test_a_client_is_told_any_option_and_what_to_boot(lab: Lab, tmp_path: Path, firmware: str, file: str) -> None:
    # busybox 1.35, dnsmasq 2.90
    server, client = two(lab)
    client.ip("link set eth0 up")
    script = tmp_path / "script"
    shown = "^(bootfile|ntpsrv|search|siaddr|tftp|wpad)="
    script.write_text(f'#!/bin/sh\n[ "$1" = bound ] && set | grep -E "{shown}"\ntrue\n')
    script.chmod(0o755)
    server.run("mkdir", "-p", "/run/tftp")
    daemon = up(
        server,
        tmp_path / "server.ncd",
        """net.up("lan");
        net.ipv4.addr("lan", "192.0.2.1/24");
        net.dnsmasq("lan", [
            "range": {"192.0.2.10", "192.0.2.20"}, "search": {"a.example", "b.example"}, "ntp": {"192.0.2.123"},
            "boot": ["file": "pxelinux.0", "efi": "grubx64.efi", "server": "192.0.2.5"], "tftp": "/run/tftp",
            "options": ["252": "http://192.0.2.1/wpad.dat", "tftp-server": "boot.example"]
        ]);""",
    )

    asked = ("ntpsrv", "search", "bootfile", "252", "tftp", "wpad")
    words = [part for name in asked for part in ("-O", name)]
    told = client.run(
        "busybox", "udhcpc", "-f", "-q", "-n", "-i", "eth0", "-s", str(script), "-x", f"0x5d:{firmware}", *words
    )
    daemon.end()

    assert [line for line in told.splitlines() if not line.startswith("udhcpc:")] == [
        f"bootfile='{file}'",
        "ntpsrv='192.0.2.123'",
        "search='a.example b.example'",
        "siaddr='192.0.2.5'",
        "tftp='boot.example'",
        "wpad='http://192.0.2.1/wpad.dat'",
    ]


def test_its_configuration_can_be_seen_and_what_a_killed_daemon_left_is_removed(lab: Lab, tmp_path: Path) -> None:
    server, _ = two(lab)
    here = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin"}
    daemon = up(server, tmp_path / "server.ncd", SERVER)

    def ask(*words: str) -> tuple[int, str]:
        asked = server.start([sys.executable, "-m", "netstrata", *words], here)
        return asked.status(), asked.output()

    listed, shown, strange = ask("show", "--json"), ask("show", "dnsmasq-lan.conf"), ask("show", "../../../etc/shadow")
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.status()
    left = server.call(lambda: os.listdir("/run/netstrata/generated"))
    server.run("kill", str(dnsmasq_pid(server)))
    up(server, tmp_path / "next.ncd", 'var("x");').end()

    assert listed[0] == 0
    (file,) = json.loads(listed[1])["files"]
    assert (file["name"], file["process"], file["statement"]) == ("dnsmasq-lan.conf", "main", 3)
    assert file["size"] == len(shown[1])
    assert "dhcp-host=02:00:00:00:0a:01,192.0.2.99,printer\n" in shown[1]
    assert strange == (10, "error: there is no generated file ../../../etc/shadow\nhelp: there are dnsmasq-lan.conf\n")
    assert left == ["dnsmasq-lan.conf"]
    assert server.run("find", "/run/netstrata", "-type", "f") == ""


def test_what_somebody_makes_of_its_configuration_is_told_and_mended(lab: Lab, tmp_path: Path) -> None:
    server, _ = two(lab)
    daemon = up(server, tmp_path / "server.ncd", SERVER)
    path = "/run/netstrata/generated/dnsmasq-lan.conf"
    before = server.read(path)

    server.run("sh", "-c", f"echo server=203.0.113.66 >>{path}; chmod 644 {path}")
    daemon.wait_output(f"{path} was changed by somebody else; written again")
    wait_until("its content again", lambda: server.read(path) == before)
    wait_until("its mode again", lambda: server.run("stat", "-c", "%a", path) == "600\n")
    daemon.end()


def test_it_is_started_again_when_it_dies_and_the_statement_stays_up(lab: Lab, tmp_path: Path) -> None:
    server, client = two(lab)
    daemon = up(server, tmp_path / "server.ncd", SERVER)
    first = dnsmasq_pid(server)

    server.run("kill", "-KILL", str(first))
    daemon.wait_output("was ended by signal 9 (SIGKILL); starting it again in 1 s")
    wait_until("another one", lambda: daemon.output().count("started, version") == 2)
    leased = started(client, tmp_path / "client.ncd", CLIENT)
    leased.wait_output("leased 192.0.2.")
    leased.end()
    daemon.end()

    assert daemon.output().count("complete\n") == 1
    assert dnsmasq_pid(server) == 0


def test_a_link_that_vanishes_and_comes_back_is_served_again_by_the_same_dnsmasq(lab: Lab, tmp_path: Path) -> None:
    server = lab.host("server")
    made = ("link add lan type veth peer name far", "addr add 192.0.2.1/24 dev lan", "link set lan up")
    server.ip(*made)
    serving = 'net.dnsmasq("lan", ["range": {"192.0.2.10", "192.0.2.20"}]);'
    daemon = up(server, tmp_path / "server.ncd", serving)
    first = dnsmasq_pid(server)

    server.ip("link del lan")
    server.ip(*made)
    leased = started(server, tmp_path / "client.ncd", CLIENT.replace("eth0", "far"), "--control", "none")
    leased.wait_output("leased 192.0.2.", timeout_s=30)
    leased.end()

    assert dnsmasq_pid(server) == first
    assert daemon.output().count("complete\n") == 1
    daemon.end()
    assert dnsmasq_pid(server) == 0


def test_names_are_answered_and_addresses_advertised(lab: Lab, tmp_path: Path) -> None:
    server, client = two(lab)
    program = """
    net.up("lan");
    net.ipv4.addr("lan", "192.0.2.1/24");
    net.ipv6.addr("lan", "2001:db8::1/64");
    net.dnsmasq("lan", [
        "range": {"192.0.2.10", "192.0.2.20"}, "ra": "true", "servers": {}, "domain": "example.org",
        "hosts": {{"02:00:00:00:0A:01", "192.0.2.99", "printer"}}
    ]);
    """
    daemon = up(server, tmp_path / "server.ncd", program)

    client.up("eth0", "192.0.2.7/24")
    wait_until("an address from the router", lambda: "2001:db8::" in client.run("ip", "-6", "addr", "show", "eth0"))
    answer = client.call(lambda: ask("printer.example.org", "192.0.2.1"))
    daemon.end()

    assert answer.endswith(socket.inet_aton("192.0.2.99"))


def ask(name: str, server: str) -> bytes:
    """Ask a name server for an IPv4 address, and return its answer."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = b"\7\7\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(60)
        asking.sendto(question, (server, 53))
        return asking.recv(512)


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (
            'process main { net.dnsmasq("lan", ["range": {"192.0.2.10", "192.0.2.20"}, "servers": {}]); }',
            "failed to create listening socket for 192.0.2.1: Address already in use",
        ),
        (
            'process one { net.dnsmasq("lan", ["servers": {}]); println("one"); }'
            ' process two { net.dnsmasq("lan", ["ra": "true"]); }',
            "cannot serve lan with dnsmasq: another statement does",
        ),
    ],
)
def test_what_cannot_be_served_is_told(lab: Lab, tmp_path: Path, before: str, reason: str) -> None:
    server, _ = two(lab)
    server.up("lan", "192.0.2.1/24")
    taken = None
    if "already" in reason:
        taken = server.start([sys.executable, "-c", TAKE_DNS])
        taken.wait_output("taken")

    daemon = started(server, tmp_path / "server.ncd", before)
    daemon.wait_output(reason)
    daemon.end()
    if taken is not None:
        taken.end()

    assert dnsmasq_pid(server) == 0


TAKE_DNS = """
import signal, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("192.0.2.1", 53)); print("taken", flush=True)
signal.pause()
"""


def test_being_ended_while_it_starts_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    server, _ = two(lab)
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "dnsmasq").write_text("#!/bin/sh\necho slow\nexec sleep 1000\n")
    (bin_ / "dnsmasq").chmod(0o755)
    program = tmp_path / "x.ncd"
    program.write_text('process main { net.dnsmasq("lan", ["ra": "true"]); println("up"); }')
    daemon = server.start(
        [sys.executable, "-m", "netstrata", "run", str(program)], {**os.environ, "PATH": f"{bin_}:/usr/bin:/bin"}
    )
    daemon.wait_output("slow")

    daemon.signal(signal.SIGTERM)
    daemon.status()

    assert "up\n" not in daemon.output()
    assert server.run("find", "/run/netstrata", "-type", "f") == ""
    assert "sleep" not in server.run("ps", "-e", "-o", "comm=").split()
