"""A daemon that ends without undoing anything, or is run anew in its place: nothing flaps, nothing is lost.

Linux 6.18, iproute2 6.1.0.
"""

import signal
import sys
from pathlib import Path

import pytest
from tests.kernel.filters.programs import SOURCES
from tests.kernel.test_router import HELD, PROGRAM

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
ENVIRONMENT = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
# Sends numbered datagrams to addresses in turn, a thousand a second, until it is told to stop; prints how many it sent.
SENDER = """
import itertools, signal, socket, sys, time
going = True
def stop(*_):
    global going
    going = False
signal.signal(signal.SIGTERM, stop)
to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
due = time.monotonic()
sent = 0
addresses = itertools.cycle(sys.argv[1:])
print("sending", flush=True)
while going:
    to.sendto(sent.to_bytes(8, "big"), (next(addresses), 7777))
    sent += 1
    due += 0.001
    time.sleep(max(0.0, due - time.monotonic()))
print("sent", sent, flush=True)
"""
# Counts different datagrams until it is told to stop.
RECEIVER = """
import signal, socket, sys
at = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
at.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
at.bind(("0.0.0.0", 7777))
at.settimeout(0.5)
going = True
def stop(*_):
    global going
    going = False
signal.signal(signal.SIGTERM, stop)
print("receiving", flush=True)
seen = set()
while True:
    try:
        seen.add(at.recv(8))
    except TimeoutError:
        if not going:
            break
print("received", len(seen), flush=True)
"""


def router(lab: Lab, folder: Path, *options: str) -> tuple[Host, Host, Child]:
    """Return a host that the router's program runs on, the one on its wire, and the daemon, when all is up."""
    (folder / "router.ncd").write_text(PROGRAM)
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0", "192.0.2.254/24")
    return host, other, daemon_of(host, folder, *options)


def daemon_of(host: Host, folder: Path, *options: str) -> Child:
    """Start the daemon, and wait until all is up."""
    words = [sys.executable, "-m", "netstrata", "run", str(folder / "router.ncd"), *options]
    daemon = host.start(words, ENVIRONMENT)
    daemon.wait_output("complete\n")
    return daemon


def netstrata(host: Host, *words: str) -> str:
    """Run a command of netstrata's on a host."""
    child = host.start([sys.executable, "-m", "netstrata", *words], ENVIRONMENT)
    child.status()
    return child.output()


def changes(host: Host) -> Child:
    """Start what tells of each change of what is configured, and wait until it does."""
    news = host.start(["ip", "-o", "monitor", "link", "address", "route", "rule"])

    def hears() -> bool:
        host.run("sh", "-c", "ip link add probe type bridge; ip link del probe")
        return ": probe:" in news.output()

    wait_until("who listens", hears)
    return news


def of_ours(news: Child) -> list[str]:
    """Return what was told, without what the kernel does by itself in its own time."""
    # iproute2 6.1 reads all links when it begins, and says so if one came or went meanwhile.
    by_itself = ("probe", "fe80::", "ff00::", "STALE", "REACHABLE", "DELAY", "PROBE", "Dump was interrupted")
    return [line for line in news.output().splitlines() if not any(word in line for word in by_itself)]


def flow(host: Host, other: Host, *addresses: str) -> tuple[Child, Child]:
    """Send from one host to addresses of the other, a thousand datagrams a second."""
    receiver = other.start([sys.executable, "-c", RECEIVER])
    receiver.wait_output("receiving\n")
    sender = host.start([sys.executable, "-c", SENDER, *(addresses or ("192.0.2.254",))])
    sender.wait_output("sending\n")
    return sender, receiver


def lost(sender: Child, receiver: Child) -> int:
    """End both; return how many datagrams did not arrive."""
    sender.end()
    receiver.end()
    sent = int(sender.output().split()[-1])
    assert sent > 100
    return sent - int(receiver.output().split()[-1])


def killed(daemon: Child) -> None:
    """End a daemon as a crash does."""
    daemon.signal(signal.SIGKILL)
    daemon.status()


def test_an_upgrade_in_place_changes_nothing_and_loses_no_packet(lab: Lab, tmp_path: Path) -> None:
    host, other, daemon = router(lab, tmp_path)
    before = host.kernel()
    pair = flow(host, other)
    news = changes(host)

    daemon.signal(signal.SIGUSR2)
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)
    gone = lost(*pair)

    assert set(HELD.splitlines()) <= set(before.splitlines())
    assert host.kernel() == before
    assert of_ours(news) == []
    assert gone == 0
    assert "undone" not in daemon.output()
    assert daemon.end() == 0
    assert "br0" not in host.kernel()


def test_an_upgrade_to_what_is_no_program_is_refused_and_all_goes_on(lab: Lab, tmp_path: Path) -> None:
    host, _, daemon = router(lab, tmp_path)
    before = host.kernel()
    (tmp_path / "router.ncd").write_text("process main { net.up( }")

    daemon.signal(signal.SIGUSR2)
    daemon.wait_output("not run anew: the version that is installed by now cannot run this program:")

    assert f"{tmp_path}/router.ncd:1:24" in daemon.output()
    assert host.kernel() == before
    assert daemon.end() == 0
    assert "undone" in daemon.output()
    assert "br0" not in host.kernel()


def test_a_daemon_that_keeps_all_when_it_ends_is_followed_by_one_that_takes_it_over(lab: Lab, tmp_path: Path) -> None:
    host, _, daemon = router(lab, tmp_path, "--keep-on-stop")
    before = host.kernel()
    news = changes(host)

    assert daemon.end() == 0
    assert host.kernel() == before
    following = daemon_of(host, tmp_path)

    assert host.kernel() == before
    assert of_ours(news) == []
    assert following.end() == 0
    assert "br0" not in host.kernel()


def test_a_daemon_that_is_killed_twice_is_followed_without_a_flap_or_a_lost_packet(lab: Lab, tmp_path: Path) -> None:
    host, other, daemon = router(lab, tmp_path)
    before = host.kernel()
    pair = flow(host, other)
    news = changes(host)

    for _ in range(2):
        killed(daemon)
        daemon = daemon_of(host, tmp_path)
    gone = lost(*pair)

    assert host.kernel() == before
    assert of_ours(news) == []
    assert gone == 0
    assert daemon.end() == 0
    assert "br0" not in host.kernel()


def test_what_is_left_is_listed_and_undone_without_a_program(lab: Lab, tmp_path: Path) -> None:
    lone = lab.host("lone")
    assert netstrata(lone, "recover") == ""
    (tmp_path / "router.ncd").write_text(PROGRAM.replace("eth0", "va"))
    lone.ip("link add va type veth peer name vb")
    before = lone.kernel()
    daemon = daemon_of(lone, tmp_path)
    refused = netstrata(lone, "recover")
    killed(daemon)

    listed = netstrata(lone, "recover", "--dry-run").splitlines()
    still = lone.kernel()
    assert netstrata(lone, "recover").splitlines() == listed

    assert "another daemon of this name uses it" in refused
    assert [line.split()[0] for line in listed[:3]] == ["link", "route", "rule"]
    assert len(listed) == 15
    assert "br0" in still
    assert lone.kernel() == before
    assert netstrata(lone, "recover") == ""
