"""Two who want a setting to be different: what the upper one has set stands while the daemon is killed and started.

Linux 6.18, iproute2 6.1.0.  Writes below /proc/sys are counted by inotify, those to links by what rtnetlink tells.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernel.test_upgrade import ENVIRONMENT, changes, killed, of_ours

from netstrata.system.filesystem.inotify import MODIFY, Inotify
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
TTL = "/proc/sys/net/ipv4/ip_default_ttl"
PORTS = "/proc/sys/net/ipv4/ip_local_port_range"
LOWER = 'net.mtu("va", "1400"); net.sysctl("net.ipv4.ip_default_ttl", "70"); net.link.set("va", ["alias": "lower"]);'
UPPER = 'net.mtu("va", "1300"); net.sysctl("net.ipv4.ip_default_ttl", "80"); net.link.set("va", ["alias": "upper"]);'
SPACED = 'net.sysctl("net.ipv4.ip_local_port_range", "2000 3001"); net.mac("va", "02:00:00:00:AB:CD");'


class World:
    """A host, and what is written to its settings."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.host: Host = lab.host("host")
        self.host.ip("link add va type veth peer name vb")
        self.before = self.state()
        self._path = folder / "program.ncd"
        self._queue = Inotify()
        self._files: list[int] = []
        for path in (TTL, PORTS):
            self._files.append(self.host.call(lambda path=path: os.open(path, os.O_RDONLY)))  # type: ignore[misc]
            self._queue.add(f"/proc/self/fd/{self._files[-1]}", MODIFY)

    def daemon(self, *statements: str) -> Child:
        """Start a daemon, and wait until all is up."""
        self._path.write_text(f'process main {{ {" ".join(statements)} println("complete"); }}')
        daemon = self.host.start([sys.executable, "-m", "netstrata", "run", str(self._path)], ENVIRONMENT)
        daemon.wait_output("complete\n")
        return daemon

    def state(self) -> tuple[str, str, str]:
        """Return what is set."""
        link = self.host.run("ip", "-o", "link", "show", "dev", "va")
        return link[link.index("mtu") :], self.host.read(TTL), self.host.read(PORTS)

    def writes(self) -> int:
        """Return how often something below /proc/sys was written since the last time."""
        return len(self._queue.read())

    def close(self) -> None:
        """Count no more."""
        self._queue.close()
        for file in self._files:
            os.close(file)


@pytest.fixture
def world(lab: Lab, tmp_path: Path) -> Iterator[World]:
    made = World(lab, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("order", [(LOWER, UPPER), (UPPER, LOWER)], ids=["in the same order", "in another order"])
def test_what_the_upper_of_two_has_set_is_taken_over_without_a_write(world: World, order: tuple[str, str]) -> None:
    killed(world.daemon(LOWER, UPPER))
    during = world.state()
    news = changes(world.host)
    world.writes()

    for _ in range(2):
        daemon = world.daemon(*order)
        wrote = world.writes()
        assert (world.state(), wrote, of_ours(news)) == (during, 0, [])
        killed(daemon)
    daemon = world.daemon(*order)

    assert "mtu 1300 " in during[0]
    assert (during[1], during[0].count("alias upper")) == ("80\n", 1)
    assert daemon.end() == 0
    assert world.state() == world.before


@pytest.mark.parametrize(("stays", "mtu", "ttl"), [(LOWER, "1400", "70"), (UPPER, "1300", "80")])
def test_of_two_values_the_one_that_nobody_wants_any_more_goes(world: World, stays: str, mtu: str, ttl: str) -> None:
    killed(world.daemon(LOWER, UPPER))

    daemon = world.daemon(stays)
    wait_until("what counts now", lambda: f"mtu {mtu} " in world.state()[0] and world.state()[1] == f"{ttl}\n")

    assert daemon.end() == 0
    assert world.state() == world.before


def test_a_value_that_the_kernel_writes_in_its_own_way_is_taken_over_without_a_write(world: World) -> None:
    killed(world.daemon(SPACED))
    news = changes(world.host)
    world.writes()

    daemon = world.daemon(SPACED)

    assert world.state()[2] == "2000\t3001\n"
    assert (world.writes(), of_ours(news)) == (0, [])
    assert daemon.end() == 0
    assert world.state() == world.before
