"""Children that a daemon which was killed has left: what the next one makes of them."""

import os
import re
import signal
import time
from pathlib import Path

import pytest
from tests.kernel.filters.programs import started, up
from tests.kernel.servers.test_dnsmasq import CLIENT, SERVER, two

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

COUNTS = (
    'daemon({"/bin/sh", "-c", '
    '"n=0; while :; do [ -e /run/hush ] || { n=$((n+1)); echo number $n; }; sleep 0.01; done"});'
)


def killed(daemon: Child) -> str:
    """Kill a daemon, and return what it said until then."""
    daemon.signal(signal.SIGKILL)
    daemon.status()
    return daemon.output()


def killed_at_rest(host: Host, daemon: Child) -> str:
    """Kill a daemon that has said all that it has read of a program, which goes on then: what it has not is lost."""
    host.write("/run/hush", "")
    before = ""

    def is_at_rest() -> bool:
        nonlocal before
        seen, before = before, daemon.output()
        time.sleep(0.05)
        return seen == daemon.output() and "poll" in Path(f"/proc/{daemon.pid}/wchan").read_text()

    wait_until("it at rest", is_at_rest)
    said = killed(daemon)
    host.run("rm", "/run/hush")
    return said


def pids(host: Host, text: str) -> list[int]:
    """Return the programs that run with a text in their command line."""
    lines = host.run("ps", "-ww", "-e", "-o", "pid=,stat=,args=").splitlines()
    found = (line.split(None, 2) for line in lines)
    return [
        int(words[0]) for words in found if text in words[2] and words[1][0] != "Z" and "-m netstrata" not in words[2]
    ]


def numbers(output: str) -> list[int]:
    return [int(number) for number in re.findall(r"number (\d+)", output)]


def left_in_run(host: Host) -> str:
    return host.run("find", "/run/netstrata", "-mindepth", "1", "!", "-name", "journal", "!", "-name", "control")


def test_dnsmasq_serves_while_no_daemon_runs_and_goes_on_under_the_next_one(lab: Lab, tmp_path: Path) -> None:
    server, client = two(lab)
    first = up(server, tmp_path / "server.ncd", SERVER)
    (pid,) = pids(server, "dnsmasq-lan.conf")
    killed(first)
    leased = started(client, tmp_path / "client.ncd", CLIENT)
    leased.wait_output("leased 192.0.2.")
    leased.end()

    second = up(server, tmp_path / "server.ncd", SERVER)

    assert pids(server, "dnsmasq-lan.conf") == [pid]
    second.wait_output("DHCPACK(lan) 192.0.2.")  # said while nobody listened
    assert f"dnsmasq runs still, process id {pid}: taken over" in second.output()
    assert "started, version" not in second.output()
    assert second.end() == 0
    assert pids(server, "dnsmasq-lan.conf") == []
    assert left_in_run(server) == ""


def test_what_a_program_says_goes_on_without_a_gap_however_often_the_daemon_is_killed(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    daemon = up(host, tmp_path / "x.ncd", COUNTS)
    daemon.wait_output("number 20\n")
    (pid,) = pids(host, "echo number")
    said = killed_at_rest(host, daemon)
    for _ in range(3):
        last = numbers(said)[-1]
        daemon = up(host, tmp_path / "x.ncd", COUNTS)
        daemon.wait_output(f"number {last + 50}\n")
        said += killed_at_rest(host, daemon)
    daemon = up(host, tmp_path / "x.ncd", COUNTS)
    daemon.wait_output(f"number {numbers(said)[-1] + 50}\n")

    # A shell that begins a command is there twice for a moment.
    wait_until("the one from before, alone", lambda: pids(host, "echo number") == [pid])
    assert daemon.end() == 0
    told = numbers(said + daemon.output())
    assert told == list(range(1, len(told) + 1))
    assert pids(host, "echo number") == []
    assert left_in_run(host) == ""


def test_one_that_has_filled_its_output_goes_on_when_somebody_reads_it(lab: Lab, tmp_path: Path) -> None:
    # A FIFO takes 64 KiB, as a pipe (pipe(7)): then the program waits in its write, which fails for nothing.
    host = lab.host("host")
    script = (
        "x=$(head -c 1000 /dev/zero | tr '\\\\0' x); n=0; while [ $n -lt 500 ]; do n=$((n+1)); echo $x number $n; "
        "[ $n = 100 ] && read y </run/go; done; exec sleep 1000"
    )
    floods = f'daemon({{"/bin/sh", "-c", "{script}"}});'
    host.run("mkfifo", "/run/go")
    first = up(host, tmp_path / "x.ncd", floods)
    first.wait_output("number 100\n")
    (pid,) = pids(host, "echo $x")
    said = killed(first)
    host.run("sh", "-c", "echo go >/run/go")
    wait_until("it waits", lambda: "pipe_write" in host.run("cat", f"/proc/{pid}/wchan"))

    second = up(host, tmp_path / "x.ncd", floods)
    second.wait_output("number 500\n")

    assert pids(host, "sleep 1000") == [pid]
    second.end()
    told = numbers(said + second.output())
    assert told == list(range(1, 501))


def test_another_command_in_its_place_is_started_after_the_one_that_was_left_has_ended(
    lab: Lab, tmp_path: Path
) -> None:
    host = lab.host("host")
    script = "trap 'echo end {n} >>/run/log; exit' TERM; echo begin {n} >>/run/log; while :; do sleep 0.01; done"
    killed(up(host, tmp_path / "x.ncd", f'daemon({{"/bin/sh", "-c", "{script.format(n=1)}"}});'))
    wait_until("the first", lambda: host.read("/run/log") == "begin 1\n")

    second = up(host, tmp_path / "x.ncd", f'daemon({{"/bin/sh", "-c", "{script.format(n=2)}"}});')

    wait_until("the second", lambda: host.read("/run/log").endswith("begin 2\n"))
    assert host.read("/run/log") == "begin 1\nend 1\nbegin 2\n"
    assert second.end() == 0


def test_a_dnsmasq_whose_configuration_is_another_one_is_started_anew(lab: Lab, tmp_path: Path) -> None:
    server, _ = two(lab)
    killed(up(server, tmp_path / "server.ncd", SERVER))
    (pid,) = pids(server, "dnsmasq-lan.conf")

    # Not in its place, either: that the command is the same is enough to know that each would be in the other's way.
    second = up(server, tmp_path / "server.ncd", 'var("x");' + SERVER.replace("192.0.2.20", "192.0.2.30"))

    second.wait_output("IP range 192.0.2.10 -- 192.0.2.30")
    (other,) = pids(server, "dnsmasq-lan.conf")
    assert other != pid
    assert second.end() == 0
    assert pids(server, "dnsmasq-lan.conf") == []


def test_one_that_no_statement_wants_is_ended_when_the_program_has_settled(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    killed(up(host, tmp_path / "x.ncd", f'{COUNTS} daemon({{"/bin/sleep", "1000"}});'))
    (pid,) = pids(host, "sleep 1000")

    second = up(host, tmp_path / "x.ncd", 'println("begun"); daemon({"/bin/sleep", "1000"});')
    second.wait_output("undid what a daemon before this one has left: 1 of 1")

    assert pids(host, "echo number") == []
    assert pids(host, "sleep 1000") == [pid]  # in another place of the program, and the same program
    assert second.end() == 0
    assert pids(host, "sleep 1000") == []
    assert left_in_run(host) == ""


# A command that runs, a dnsmasq that is about to be ready: who waits for them does not wait for the outside.
UNDER_WAY = {
    "command": 'run({"/bin/sleep", "0.3"}, {});',
    "server": 'net.dnsmasq("lan", ["range": {"192.0.2.10", "192.0.2.20"}]);',
}


@pytest.mark.parametrize("what", UNDER_WAY)
def test_one_is_not_ended_while_what_stands_before_it_is_under_way(lab: Lab, tmp_path: Path, what: str) -> None:
    host, _ = two(lab)
    host.ip("addr add 192.0.2.1/24 dev lan", "link set lan up")
    behind = 'daemon({"/bin/sleep", "1000"});'
    killed(up(host, tmp_path / "x.ncd", behind))
    (pid,) = pids(host, "sleep 1000")

    second = up(host, tmp_path / "x.ncd", UNDER_WAY[what] + behind)

    assert pids(host, "sleep 1000") == [pid]
    assert second.end() == 0


def test_one_that_no_statement_wants_is_ended_at_the_end_of_a_program_that_has_not_settled(
    lab: Lab, tmp_path: Path
) -> None:
    host = lab.host("host")
    killed(up(host, tmp_path / "x.ncd", COUNTS))

    second = started(host, tmp_path / "x.ncd", 'process main { exit("0"); }', "--control", "none")

    assert second.status() == 0
    assert pids(host, "echo number") == []
    assert left_in_run(host) == ""


def test_one_that_was_taken_over_and_ends_is_started_again(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    sleeps = 'daemon({"/bin/sleep", "1000"}, ["retry_time": "10"]);'
    killed(up(host, tmp_path / "x.ncd", sleeps))
    (pid,) = pids(host, "sleep 1000")
    second = up(host, tmp_path / "x.ncd", sleeps)

    host.run("kill", str(pid))

    second.wait_output("/bin/sleep ended; its exit status is not known")
    second.wait_output("/bin/sleep is started again")
    wait_until("another one", lambda: pids(host, "sleep 1000") not in ([], [pid]))
    killed(second)
    third = up(host, tmp_path / "x.ncd", sleeps)
    assert len(pids(host, "sleep 1000")) == 1
    assert third.end() == 0
    assert left_in_run(host) == ""


def test_wherever_a_daemon_is_killed_while_it_starts_children_none_runs_twice_and_none_is_left(
    lab: Lab, tmp_path: Path
) -> None:
    host = lab.host("host")
    here = tmp_path / "begun"
    here.mkdir()
    one = 'daemon({{"/bin/sh", "-c", "touch {here}/{n}.$$; exec sleep 1000{n}"}});'
    all_of_them = "".join(one.format(here=here, n=n) for n in range(9))
    for begun in range(1, 9):
        daemon = started(host, tmp_path / "x.ncd", f"process main {{ {all_of_them} }}")
        wait_until("so many begun", lambda begun=begun: len(os.listdir(here)) >= begun)  # type: ignore[misc]
        killed(daemon)

    last = up(host, tmp_path / "x.ncd", all_of_them)

    wait_until("all of them", lambda: len(pids(host, "sleep 1000")) == 9)
    running = [len(pids(host, f"sleep 1000{n}")) for n in range(9)]
    assert running == [1] * 9
    assert last.end() == 0
    assert pids(host, "sleep 1000") == []
    assert left_in_run(host) == ""
