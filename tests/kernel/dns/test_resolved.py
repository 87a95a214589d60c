"""systemd-resolved beside us: it asks our servers while they are held, and has forgotten them afterwards.

Seen with systemd-resolved 252: when its link is back, and nobody has shown it another file before, `resolvectl` says
"DNS Servers 192.0.2.1" and "DNS Domain example.org" below Global until it is started again.
"""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import pytest
from tests.kernel.dns.private import run
from tests.kernel.dns.resolve1 import Resolve1
from tests.system.dns.holding import Daemon
from tests.system.killed import killed, live_on

from netstrata.system.children import RealChildren
from netstrata.system.dns import DnsPort, ResolverConfiguration
from netstrata.system.output.standard_output import StandardOutput
from netstrata.testing.heard import Heard

pytestmark = pytest.mark.kernel

STUB = "../run/systemd/resolve/stub-resolv.conf"
UPLINK = "/run/systemd/resolve/resolv.conf"


@pytest.fixture
def resolved(etc: Path, resolve1: Resolve1) -> int:
    """One of whose links has a server for all names."""
    run("ip", "addr", "add", "198.51.100.2/24", "dev", "eth0")
    run("resolvectl", "dns", "eth0", "198.51.100.1")
    run("resolvectl", "domain", "eth0", "~.")
    return resolve1.pid


def begin_with(etc: Path, found: str) -> None:
    path = etc / "resolv.conf"
    path.unlink(missing_ok=True)
    if found == "file":
        path.write_text("nameserver 192.0.2.99\nsearch example.net\n")
    else:
        path.symlink_to(found)
    ask()


def ask() -> None:
    """Have it look for something, so that it reads the file."""
    words = ["resolvectl", "query", "--network=no", "-4", "example.com"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert "sources turned off" in done.stderr


def in_general() -> list[str]:
    """Return the servers and domains that it has for no link."""
    lines = run("resolvectl", "status").split("\n\n")[0].splitlines()
    return [line.strip() for line in lines if line.strip().startswith(("DNS Servers", "DNS Domain"))]


OURS = [b"nameserver 192.0.2.1", b"search example.org"]


@pytest.mark.parametrize(
    ("found", "before"),
    [(STUB, []), (UPLINK, []), ("file", ["DNS Servers 192.0.2.99", "DNS Domain example.net"])],
    ids=["stub", "uplink", "file"],
)
def test_it_asks_our_servers_while_they_are_held_and_forgets_them(
    etc: Path, resolved: int, found: str, before: list[str]
) -> None:
    begin_with(etc, found)
    there = (etc / "resolv.conf").lstat()
    assert in_general() == before

    async def story() -> list[str]:
        port = DnsPort(ResolverConfiguration(RealChildren(StandardOutput())))
        async with port.held_lines(OURS, 1):
            await asyncio.to_thread(ask)
            return in_general()

    assert asyncio.run(story()) == ["DNS Servers 192.0.2.1", "DNS Domain example.org"]

    assert in_general() == before
    assert (etc / "resolv.conf").lstat().st_ino == there.st_ino
    assert sorted(etc.glob("*resolv.conf*")) == [etc / "resolv.conf"]


@pytest.mark.parametrize("meanwhile", ["", "back"])
def test_it_forgets_what_a_killed_daemon_had_held(etc: Path, tmp_path: Path, resolved: int, meanwhile: str) -> None:
    begin_with(etc, STUB)
    killed(tmp_path / "journal", Daemon(etc, 1, stays=True))
    ask()
    assert in_general() == ["DNS Servers 192.0.2.1"]
    if meanwhile:
        (etc / "resolv.conf").unlink()
        (etc / "resolv.conf").symlink_to(STUB)

    assert live_on(tmp_path / "journal", Daemon(etc)) == []

    assert in_general() == []
    assert os.readlink(etc / "resolv.conf") == STUB


def test_one_that_hangs_is_said_and_its_link_comes_back(etc: Path, resolved: int) -> None:
    begin_with(etc, STUB)
    listener = Heard()

    async def story() -> None:
        port = DnsPort(ResolverConfiguration(RealChildren(StandardOutput())), listener)
        async with port.held_lines(OURS, 1):
            os.kill(resolved, signal.SIGSTOP)

    asyncio.run(story())

    assert listener.lines == [
        "dns: cannot have systemd-resolved forget our name servers: it has not answered within 1 s; ignoring"
    ]
    assert os.readlink(etc / "resolv.conf") == STUB
