"""Programs that take away what they stand on, over the real kernel: they are named, and cost nearly nothing.

The programs are those of bench/loops.py.  Seen on Linux 6.18: an MTU below 1280 takes all IPv6 addresses of the link
away, as disable_ipv6 does; both are told as deletions of the addresses, in the same request.
"""

import json
import runpy
import sys
from pathlib import Path

import pytest

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
BENCH = runpy.run_path(str(Path(__file__).parents[2] / "bench/loops.py"))
PROGRAMS: dict[str, str] = BENCH["PROGRAMS"]
# Of each that goes round: who takes away what, as it is told; and what stands, of those that do not.
GUILTY = {
    "a tool renames": "run at line 2 takes away what net.backend.waitdevice at line 1 waits for",
    "a tool renames, in a template": "run at line 2 takes away what net.backend.waitdevice at line 3 waits for",
    "a tool renames, in another process": "run at line 4 takes away what net.backend.waitdevice at line 2 waits for",
    "an MTU too small for IPv6": "net.mtu at line 3 takes away what net.ipv6.addr at line 2 holds",
    "IPv6 switched off": "net.sysctl at line 3 takes away what net.ipv6.addr at line 2 holds",
    "a link set down by a tool": "run at line 3 takes away what net.up at line 2 holds",
    "a setting that a tool changes": "run at line 2 takes away what net.mtu at line 1 holds",
}
STOPPED = "[va] was stopped 11 times in a row, each time when run at line 10 had begun"
STANDS = ("a rename", "a rename, where links are watched")
FIRST_ROUNDS = 11
DUPLICATE = "an address of another host, too"
WATCHED = "a tool renames, where links are watched"


def looping(lab: Lab, name: str, folder: Path) -> tuple[Host, Child]:
    """Run a program on a host whose card `va` is cabled to another host."""
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "va"), (other, "vb"))
    other.up("vb", "2001:db8::9/64")
    program = folder / "loop.ncd"
    program.write_text(PROGRAMS[name])
    words = [sys.executable, "-m", "netstrata", "run", "--quiet", "--control", str(folder / "ctl"), str(program)]
    return host, host.start(words)


def asked(host: Host, folder: Path, *words: str) -> str:
    """Ask the daemon."""
    command = [sys.executable, "-m", "netstrata", *words, "--control", str(folder / "ctl")]
    return host.run("sh", "-c", f"{' '.join(command)} || true")


@pytest.mark.parametrize("name", GUILTY)
def test_who_takes_away_what_it_stands_on_is_named_and_waits(lab: Lab, tmp_path: Path, name: str) -> None:
    host, daemon = looping(lab, name, tmp_path)

    daemon.wait_output(GUILTY[name])
    wait_until("why it waits", lambda: GUILTY[name] in asked(host, tmp_path, "why", "main"))
    status = asked(host, tmp_path, "status")
    rounds = daemon.output().splitlines().count("round")
    daemon.end()

    assert rounds <= FIRST_ROUNDS + 1
    assert "main  failed" in status


@pytest.mark.parametrize("name", STANDS)
def test_a_rename_of_what_is_waited_for_stands(lab: Lab, tmp_path: Path, name: str) -> None:
    host, daemon = looping(lab, name, tmp_path)

    wait_until("the name", lambda: "link lan" in host.kernel())
    host.ip("link set lan alias x", "link add vq type veth peer name vr")  # what comes after it is heard after it
    status = json.loads(asked(host, tmp_path, "status", "--json"))
    daemon.end()

    assert daemon.output().splitlines().count("round") == 1
    assert "link va" in host.kernel()
    assert status


def test_a_process_that_is_stopped_each_time_it_has_begun_is_not_started_at_once(lab: Lab, tmp_path: Path) -> None:
    host, daemon = looping(lab, WATCHED, tmp_path)

    daemon.wait_output(STOPPED)
    why = asked(host, tmp_path, "why", "main")
    rounds = daemon.output().splitlines().count("round")
    daemon.wait_output("12 times in a row")
    daemon.end()

    assert STOPPED in why
    assert rounds <= FIRST_ROUNDS + 1


def test_an_address_that_another_host_has_is_no_loop_for_what_stands_above_is_not_begun(
    lab: Lab, tmp_path: Path
) -> None:
    _, daemon = looping(lab, DUPLICATE, tmp_path)

    daemon.wait_output("duplicate address detection failed")
    daemon.wait_output("Trying again in 5 s")
    daemon.end()

    assert "round" not in daemon.output().splitlines()


def test_every_program_is_looked_at() -> None:
    assert {*GUILTY, *STANDS, WATCHED, DUPLICATE} == {*PROGRAMS}
