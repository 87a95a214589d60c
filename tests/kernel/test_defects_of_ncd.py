"""What NCD does wrong and we do not, where no other test has it; docs/ncd-defects.md lists them all."""

import os
import resource
import signal
import sys
import time
from pathlib import Path

import pytest
from tests.kernel.filters.programs import started, up

from netstrata.system.children import ChildrenPort
from netstrata.testing.child import wait_until
from netstrata.testing.heard import Heard, shell, with_children
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel


def test_the_name_of_a_link_is_never_read_by_a_shell(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    program = 'process main { net.up("va;id>q"); println("up"); }'

    daemon = started(host, tmp_path / "x.ncd", program)
    daemon.wait_output("there is no link va;id>q")
    daemon.end()

    assert not (Path.cwd() / "q").exists()
    assert "up\n" not in daemon.output()


def test_links_addresses_routes_and_devices_need_no_program_and_no_udev(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    program = tmp_path / "x.ncd"
    program.write_text(
        """process main {
            println("begun");
            net.backend.waitdevice("vq"); net.up("vq"); net.ipv4.addr("vq", "192.0.2.1/24");
            net.ipv4.route("198.51.100.0/24", "192.0.2.9", "5", "vq"); net.rule(["priority": "9", "table": "7"]);
            println("complete"); rprintln("undone");
        }"""
    )
    words = (sys.executable, "-m", "netstrata", "run", "--quiet", "--control", "none", str(program))
    empty = tmp_path / "empty"
    empty.mkdir()
    daemon = host.start(("unshare", "-m", "sh", "-c", SHUT_AWAY, "sh", str(empty), *words))
    daemon.wait_output("begun\n")

    for count in (1, 2):
        host.ip("link add vq type veth peer name vr", "link set vr up")
        wait_until("it up", lambda count=count: daemon.output().count("complete\n") == count)  # type: ignore[misc]
        assert "route 198.51.100.0/24 via 192.0.2.9 dev vq metric 5" in host.kernel()
        host.ip("link del vq")
        wait_until("it down", lambda count=count: daemon.output().count("undone\n") == count)  # type: ignore[misc]

    assert daemon.end() == 0


# In the daemon's own file system no `ip`, `udevadm` or `stdbuf` can be found, nor any other administrator's program.
SHUT_AWAY = 'for d in /usr/sbin /sbin; do mount --bind "$1" $d; done; shift; PATH=/nowhere exec "$@"'


def test_starting_a_child_costs_the_same_whatever_the_limit_of_descriptors_is() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    high = 500_000 if hard == resource.RLIM_INFINITY else min(hard, 500_000)
    if high < 10_000:
        pytest.skip(f"the limit of descriptors cannot be above {high}")

    async def best_of_many(children: ChildrenPort, _: Heard) -> tuple[float, float]:
        taken: dict[int, list[float]] = {high: [], 256: []}
        for _turn in range(20):  # in turns, so that what else the machine does is in both
            for limit, times in taken.items():
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
                began = time.perf_counter()
                await children.run(shell("true"), terminate_on_cancel=False)
                times.append(time.perf_counter() - began)
        return min(taken[high]), min(taken[256])

    try:
        high_s, low_s = with_children(best_of_many)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert high_s < 3 * low_s  # NCD closes each number: five times as long with 20,000, and so on


def test_after_a_kill_the_next_daemon_is_not_kept_out_by_what_the_first_has_left(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "va"), (other, "vb"))
    other.up("vb")
    statements = """net.up("va"); net.ipv4.addr("va", "192.0.2.1/24"); net.bridge("br0");
        net.ipv4.route("198.51.100.0/24", "192.0.2.9", "5", "va");
        net.rule(["priority": "9", "table": "7"]); net.sysctl("net.ipv4.conf.va.forwarding", "1");
        file.write("/run/held", "ours");"""
    first = up(host, tmp_path / "x.ncd", statements)
    made = host.kernel()
    first.signal(signal.SIGKILL)
    first.status()
    left = host.kernel()

    second = up(host, tmp_path / "x.ncd", statements)

    assert (left, host.kernel()) == (made, made)
    assert second.end() == 0
    assert not os.path.exists("/run/held")
    assert "error" not in second.output()


def test_no_second_one_is_started_of_what_a_daemon_that_was_killed_has_kept_running(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    statements = f'daemon({{"/bin/sh", "-c", "echo begun >>{tmp_path}/log; exec sleep 1000"}});'
    first = up(host, tmp_path / "x.ncd", statements)
    wait_until("its child", lambda: sleepers(host) == 1)
    first.signal(signal.SIGKILL)
    first.status()
    left = sleepers(host)

    second = up(host, tmp_path / "x.ncd", statements)

    assert (left, sleepers(host)) == (1, 1)
    assert second.end() == 0
    assert (tmp_path / "log").read_text() == "begun\n"
    assert sleepers(host) == 0


def sleepers(host: Host) -> int:
    """Return how many programs of that name run on a host; one that nobody has reaped runs no more."""
    lines = host.run("ps", "-e", "-o", "stat=,comm=").splitlines()
    return sum(line.split()[-1] == "sleep" and not line.startswith("Z") for line in lines)
