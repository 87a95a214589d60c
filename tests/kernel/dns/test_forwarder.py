"""Names of domains with servers of their own where there is no systemd-resolved: a dnsmasq of ours, 2.90.

Seen with it: SIGHUP has it read --servers-file again at once ("cleared cache"), as nobody, whom the file must let in; a
server with @eth0 is asked over eth0, whatever the routes say; one over a link that is gone is answered for as REFUSED.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from tests.kernel.dns.private import until
from tests.kernel.filters.programs import up
from tests.kernel.test_links_command import Asked

from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
FOUND = "nameserver 192.0.2.53\n"
FORWARDER = "nameserver 127.0.0.55"
TUNNEL = """net.dns({"198.51.100.53"}, "10", [
    "link": "tun0", "domains": {"corp.example", "lab.example"}, "search": {"corp.example"}
]);"""


def server(lab: Lab, host: Host, link: str, network: str, answer: str) -> Host:
    """Add a link at whose other end all names have one address."""
    far = lab.host(f"far-{link}")
    lab.cable((host, link), (far, "lan"))
    far.up("lan", f"{network}.53/24")
    host.up(link, f"{network}.1/24")
    words = ("--conf-file=/dev/null", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--log-facility=-")
    far.start(("dnsmasq", *words, "--pid-file=", f"--address=/#/{answer}")).wait_output("started, version")
    return far


@pytest.fixture
def host(lab: Lab) -> Host:
    """Return a host; what is at the end of tun0 answers 10.0.0.2 for all names, what resolv.conf names, 10.0.0.1."""
    host = lab.host("host")
    host.up("lo")
    server(lab, host, "eth0", "192.0.2", "10.0.0.1")
    server(lab, host, "tun0", "198.51.100", "10.0.0.2")
    host.write("/etc/resolv.conf", FOUND)
    return host


def address(host: Host, name: str) -> str:
    return host.run("getent", "ahostsv4", name).split()[0]


def named(host: Host) -> list[str]:
    return [line for line in host.read("/etc/resolv.conf").splitlines() if not line.startswith("#")]


def daemons(host: Host) -> list[int]:
    """Return the ids of the dnsmasqs that forward."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().split(b"\0")
            is_there = os.stat(path.parent / "ns/net").st_ino == os.stat(host.net_path).st_ino
            if (
                is_there
                and words[0].endswith(b"/dnsmasq")
                and any(word.startswith(b"--servers-file=") for word in words)
            ):
                found.append(int(path.parent.name))
    return found


def test_names_of_its_domains_are_asked_of_it_and_all_others_of_who_was_there(host: Host, tmp_path: Path) -> None:
    daemon = up(host, tmp_path / "x.ncd", TUNNEL)

    assert named(host) == [FORWARDER, "search corp.example"]
    assert [address(host, name) for name in ("a.corp.example", "b.lab.example", "printer", "c.example")] == [
        "10.0.0.2",
        "10.0.0.2",
        "10.0.0.2",  # printer.corp.example
        "10.0.0.1",
    ]
    daemon.end()

    assert host.read("/etc/resolv.conf") == FOUND
    assert address(host, "a.corp.example") == "10.0.0.1"
    assert daemons(host) == []
    assert not os.path.exists("/run/netstrata/name-servers.conf")


def test_who_else_holds_servers_is_asked_for_all_others_and_its_clients_notice_no_change(
    host: Host, tmp_path: Path
) -> None:
    program = f"""process tunnel {{ {TUNNEL} println("ready"); }}
    process other {{ on_request("other"); net.dns({{"198.51.100.53"}}, "20"); }}"""
    asked = Asked(host, tmp_path, program)
    [pid] = daemons(host)
    assert address(host, "c.example") == "10.0.0.1"

    asked.ask("up", "other", "--wait")
    until(lambda: address(host, "c.example") == "10.0.0.2")
    assert named(host) == [FORWARDER, "search corp.example"]
    told = asked.ask("dns")
    asked.ask("down", "other", "--wait")
    until(lambda: address(host, "c.example") == "10.0.0.1")

    assert daemons(host) == [pid]
    assert "dnsmasq at 127.0.0.55: started for names of domains" in told
    rows = [line for line in told.splitlines() if line.startswith("198.51.100.53")]
    assert "names in corp.example, names in lab.example" in rows[0]
    assert "all other names" in rows[1]


def test_one_that_ends_is_started_again(host: Host, tmp_path: Path) -> None:
    daemon = up(host, tmp_path / "x.ncd", TUNNEL)
    [pid] = daemons(host)
    os.kill(pid, signal.SIGKILL)
    until(lambda: daemons(host) not in ([pid], []))
    until(lambda: address(host, "a.corp.example") == "10.0.0.2")
    daemon.end()


@pytest.mark.parametrize("is_same", [True, False])
def test_the_next_daemon_takes_it_over_or_ends_it(host: Host, tmp_path: Path, is_same: bool) -> None:
    first = up(host, tmp_path / "x.ncd", TUNNEL)
    left = daemons(host)
    first.signal(signal.SIGKILL)
    first.status()
    assert address(host, "a.corp.example") == "10.0.0.2"

    following = up(host, tmp_path / "x.ncd", TUNNEL if is_same else "")

    if is_same:
        assert daemons(host) == left
        assert address(host, "a.corp.example") == "10.0.0.2"
    else:
        until(lambda: daemons(host) == [])
        until(lambda: host.read("/etc/resolv.conf") == FOUND)
    following.end()
    assert (daemons(host), host.read("/etc/resolv.conf")) == ([], FOUND)


def test_without_a_dnsmasq_it_waits_and_says_why(host: Host, tmp_path: Path) -> None:
    host.run("mount", "--bind", "/dev/null", "/usr/sbin/dnsmasq")
    asked = Asked(host, tmp_path, f'process main {{ println("ready"); {TUNNEL} }}')

    assert "there is no dnsmasq, and resolv.conf knows no domains" in asked.ask("why", "dns")
    assert host.read("/etc/resolv.conf") == FOUND
