"""A tool that hangs, or waits for a lock that nobody gives: the daemon says so, and ends in its time all the same."""

import re
import signal
import sys
from pathlib import Path

import pytest
from tests.clock import Clock
from tests.kernel.filters.programs import SOURCES

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel
STOP_S = 3
CHAIN = 'net.iptables.newchain("filter", "MINE");'
RULES = f'{CHAIN} net.iptables.append("filter", "MINE", "-s", "192.0.2.9", "-j", "DROP");'
TABLE = 'net.nft.table("inet", "guard");'
ELEMENTS = """net.nft.table("inet", "guard"); net.nft.set("inet", "guard", "admins", ["type": "ipv4_addr"]);
    net.nft.element("inet", "guard", "admins", "192.0.2.7");"""
RESOLVER = 'net.dns({"192.0.2.1"}, "1");'
HANGS = "exec sleep 1000"
IS_DEAF = "trap '' TERM; while :; do sleep 0.1; done"
WAITS = "sh -c 'exec sleep 1000'; exit 1"  # the script is not what hangs


class Daemon:
    """One that is told to end within STOP_S, with tools of one's own in front of the real ones."""

    def __init__(self, host: Host, folder: Path, statements: str) -> None:
        self.host = host
        self._folder = folder
        self._tools = folder / "bin"
        self._tools.mkdir()
        (folder / "x.ncd").write_text(f'process main {{ {statements} println("complete"); }}')

    def tool(self, name: str, real: str) -> None:
        """Have the daemon find another program under a name."""
        (self._tools / name).unlink(missing_ok=True)
        (self._tools / name).symlink_to(real)

    def script(self, name: str, text: str) -> None:
        """Have it find a script, whose name says that it writes to nftables."""
        script = self._folder / f"{name}-nft"
        script.write_text(f"#!/bin/sh\n{text}\n")
        script.chmod(0o755)
        self.tool(name, str(script))

    def start(self) -> Child:
        """Start it."""
        program = str(self._folder / "x.ncd")
        words = [sys.executable, "-m", "netstrata", "run", "--stop-time", str(STOP_S), program]
        return self.host.start(words, {"PYTHONPATH": str(SOURCES), "PATH": f"{self._tools}:/usr/sbin:/usr/bin:/bin"})

    def up(self) -> Child:
        """Start it, and wait until all is up."""
        daemon = self.start()
        daemon.wait_output("complete\n")
        return daemon

    def why(self) -> str:
        """Ask why its process is where it is, if there is already somebody who answers."""
        try:
            return self.host.run(sys.executable, "-m", "netstrata", "why", "main")
        except Unavailable:
            return ""


def ended_in_time(daemon: Child) -> str:
    """Have a daemon end, and return what it has told, once it has ended in its time."""
    clock = Clock()
    daemon.signal(signal.SIGTERM)
    status = daemon.status()

    assert status == 0
    assert clock.seconds < STOP_S + 2, daemon.output()
    return daemon.output()


@pytest.mark.parametrize("script", [HANGS, IS_DEAF, WAITS])
@pytest.mark.parametrize(("tool", "statements"), [("iptables", CHAIN), ("nft", TABLE)])
def test_a_tool_that_hangs_is_named_and_ends_when_the_daemon_must(
    lab: Lab, tmp_path: Path, tool: str, statements: str, script: str
) -> None:
    here = Daemon(lab.host("host"), tmp_path, statements)
    here.script(tool, script)
    daemon = here.start()
    wait_until("the tool running for a second", lambda: re.search("running for [1-9]", here.why()) is not None)

    told = here.why()
    said = ended_in_time(daemon)

    assert f"waits for {tmp_path}/bin/{tool}, process id " in told
    assert "the daemon must end, so SIGTERM to it and its group" in said
    assert ("SIGKILL to it and its group" in said) == (script == IS_DEAF)
    assert "Traceback" not in said
    wait_until("nobody of its group", lambda: "sleep 1000" not in here.host.run("ps", "-e", "-o", "args="))


@pytest.mark.parametrize(("tool", "statements"), [("iptables", RULES), ("nft", ELEMENTS)])
def test_what_a_tool_that_hangs_cannot_undo_is_told_and_undone_by_the_next_daemon(
    lab: Lab, tmp_path: Path, tool: str, statements: str
) -> None:
    host = lab.host("host")
    here = Daemon(host, tmp_path, statements)
    here.tool(tool, f"/usr/sbin/{tool}")
    host.run("iptables", "-N", "MAKES")  # the table, which stays
    host.run("iptables", "-X", "MAKES")
    before = host.run("nft", "-s", "list", "ruleset")
    daemon = here.up()
    here.script(tool, HANGS)

    said = ended_in_time(daemon)

    assert "it was ended by signal 15 (SIGTERM); ignoring" in said
    here.tool(tool, f"/usr/sbin/{tool}")
    assert here.up().end() == 0
    assert host.run("nft", "-s", "list", "ruleset") == before


def test_one_that_waits_for_the_lock_of_the_legacy_tables_is_told_and_what_it_left_is_undone_by_the_next_daemon(
    lab: Lab, tmp_path: Path
) -> None:
    """Hold the lock of iptables-legacy 1.8.9, /run/xtables.lock, as another program does that changes the tables."""
    host = lab.host("host")
    here = Daemon(host, tmp_path, RULES)
    here.tool("iptables", "/usr/sbin/iptables-legacy")
    before = host.run("iptables-legacy", "-S")
    daemon = here.up()
    lock = host.start(["flock", "-o", "/run/xtables.lock", "sh", "-c", "echo locked; exec sleep 1000"])
    lock.wait_output("locked")

    said = ended_in_time(daemon)

    lock.end()
    assert "cannot undo it with iptables: it was ended by signal 15 (SIGTERM); ignoring" in said
    assert "192.0.2.9" in host.run("iptables-legacy", "-S")
    assert here.up().end() == 0
    assert host.run("iptables-legacy", "-S") == before


def test_a_daemon_that_is_killed_while_its_tool_waits_for_the_lock_leaves_nothing_behind(
    lab: Lab, tmp_path: Path
) -> None:
    host = lab.host("host")
    here = Daemon(host, tmp_path, RULES)
    here.tool("iptables", "/usr/sbin/iptables-legacy")
    before = host.run("iptables-legacy", "-S")
    lock = host.start(["flock", "-o", "/run/xtables.lock", "sh", "-c", "echo locked; exec sleep 1000"])
    lock.wait_output("locked")
    first = here.start()
    wait_until("the tool", lambda: "iptables" in " ".join(host.run("ps", "-e", "-o", "comm=").split()))
    first.signal(signal.SIGKILL)
    first.status()

    second = here.start()
    second.wait_output("ended the children that it has left")
    lock.end()
    second.wait_output("complete\n")

    assert second.end() == 0
    assert host.run("iptables-legacy", "-S") == before


def test_many_that_hang_one_after_the_other_take_no_more_time_than_one(lab: Lab, tmp_path: Path) -> None:
    statements = "".join(f'net.iptables.newchain("filter", "MINE{number}");' for number in range(10))
    here = Daemon(lab.host("host"), tmp_path, statements)
    here.tool("iptables", "/usr/sbin/iptables")
    daemon = here.up()
    here.script("iptables", HANGS)

    said = ended_in_time(daemon)

    assert said.count("; ignoring") == 10


def fake_resolvconf(host: Host, folder: Path, text: str) -> None:
    """Have a host whose resolver configuration is resolvconf's, which is a script."""
    places = folder / "sbin"
    places.mkdir(exist_ok=True)
    (places / "resolvconf").write_text(f'#!/bin/sh\n{text}\ncat >>{folder}/told\necho "$1" >>{folder}/verbs\n')
    (places / "resolvconf").chmod(0o755)
    host.run("mount", "--bind", str(places), "/usr/local/sbin")
    host.write("/etc/resolv.conf", "# Generated by resolvconf\n")


def test_a_resolvconf_that_hangs_is_named_and_ends_when_the_daemon_must(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    here = Daemon(host, tmp_path, RESOLVER)
    fake_resolvconf(host, tmp_path, HANGS)
    daemon = here.start()
    wait_until("the tool running for a second", lambda: re.search("running for [1-9]", here.why()) is not None)

    said = ended_in_time(daemon)

    assert "waits for /usr/local/sbin/resolvconf, process id" in said
    assert "cannot run /usr/local/sbin/resolvconf -d: it was ended by signal 15 (SIGTERM); ignoring" in said


def test_a_resolvconf_that_takes_its_time_holds_up_nothing_else(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    cable = lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0", "192.0.2.1/24")
    gate = tmp_path / "gate"
    fake_resolvconf(host, tmp_path, f"touch {tmp_path}/begun; while [ ! -e {gate} ]; do sleep 0.05; done")
    here = Daemon(host, tmp_path, RESOLVER)
    program = tmp_path / "x.ncd"
    program.write_text(
        program.read_text() + '\nprocess link { net.up("eth0"); net.backend.waitlink("eth0"); println("carrier"); '
        'net.ipv4.addr("eth0", "192.0.2.2/24"); }\n'
    )
    daemon = here.start()
    daemon.wait_output("carrier\n")
    wait_until("resolvconf", (tmp_path / "begun").exists)

    clock = Clock()
    cable.pull()
    wait_until("the address to go", lambda: "192.0.2.2" not in host.run("ip", "-4", "addr"))
    took_s = clock.seconds

    assert took_s < 1
    assert "complete" not in daemon.output()
    gate.touch()
    daemon.wait_output("complete\n")
    assert daemon.end() == 0
    assert (tmp_path / "told").read_text().splitlines()[-1] == "nameserver 192.0.2.1"
    assert (tmp_path / "verbs").read_text().split() == ["-a", "-d"]


def test_a_daemon_that_waits_for_the_children_of_one_before_it_obeys_a_signal(lab: Lab, tmp_path: Path) -> None:
    deaf = f"trap 'touch {tmp_path}/asked' TERM; touch {tmp_path}/ready; while :; do sleep 0.1; done"
    here = Daemon(lab.host("host"), tmp_path, TABLE)
    here.script("nft", f"exec 2>/dev/null; {deaf}")  # where it says that its sleep was ended nobody reads any more
    first = here.start()
    wait_until("a deaf child", (tmp_path / "ready").exists)
    first.signal(signal.SIGKILL)
    first.status()

    second = here.start()
    wait_until("its being asked to end", (tmp_path / "asked").exists)
    clock = Clock()
    second.signal(signal.SIGTERM)
    status = second.status()

    assert (status, "complete" in second.output()) == (0, False)
    assert clock.seconds < 1
    here.tool("nft", "/usr/sbin/nft")
    last = here.up()
    assert "a daemon was killed: ended the children that it has left" in last.output()
    last.end()


def test_a_deaf_child_that_nobody_takes_over_ends_within_the_time_of_the_daemon(lab: Lab, tmp_path: Path) -> None:
    deaf = f"trap 'touch {tmp_path}/asked' TERM; touch {tmp_path}/ready; while :; do sleep 0.1; done"
    here = Daemon(lab.host("host"), tmp_path, f'daemon({{"/bin/sh", "-c", "{deaf}"}});')
    first = here.up()
    wait_until("a deaf child", (tmp_path / "ready").exists)
    first.signal(signal.SIGKILL)
    first.status()
    (tmp_path / "x.ncd").write_text('process main { println("complete"); }')

    second = here.up()
    wait_until("its being asked to end", (tmp_path / "asked").exists)
    said = ended_in_time(second)

    assert "undid what a daemon before this one has left: 1 of 1" in said
    assert "touch" not in here.host.run("ps", "-e", "-o", "args=")
