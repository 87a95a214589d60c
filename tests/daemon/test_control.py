"""The control socket of a real daemon."""

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.daemons import START_S

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon, Refusal
from netstrata.control.varlink import encode_call
from netstrata.daemon.control.claim import Claim, Taken
from netstrata.daemon.control.peers import peer_of
from netstrata.daemon.events.event import KEPT

PROGRAM = """process user { depend("LAN") lan; println("up"); }
process lan { var("eth0") link; blocker() open; open->use(); provide("LAN"); }
process ready { var({"a"}) list; rprintln("undone"); println("ready"); }
process noise {
    getargs() a;
    if(@val_equal(a, {"noisy"}));
    backtrack_point() p;
    sleep("1");
    Foreach ({"a", "b", "c", "d", "e", "f", "g", "h"} As x) { var(x) y; };
    p->go();
}
"""


class Daemon:
    """A daemon, and where it answers."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        folder.chmod(0o755)
        program = folder / "program.ncd"
        program.write_text(PROGRAM)
        self.path = str(folder / "control")
        words = [sys.executable, "-m", "netstrata", "run", "--quiet", "--control", self.path, str(program)]
        self.child = subprocess.Popen([*words, "--", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        end = time.monotonic() + 60
        while True:
            try:
                Connection(self.path, START_S).call("Figures")  # it obeys signals when its program has begun
                return
            except NoDaemon:
                assert self.child.poll() is None, self.child.stdout and self.child.stdout.read()
                assert time.monotonic() < end
                select.select([], [], [], 0.01)

    def connect(self) -> Connection:
        """Return a new connection."""
        return Connection(self.path)

    def end(self) -> bytes:
        """End it, and return what it printed."""
        self.child.terminate()
        out, _ = self.child.communicate(timeout=60)
        return out


def memory_kb(pid: int) -> int:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Return a daemon that runs."""
    daemon = Daemon(tmp_path)
    yield daemon
    daemon.end()
    assert not os.path.exists(daemon.path)


def test_status_shows_the_floors_of_all_processes(daemon: Daemon) -> None:
    processes = {p["process"]: p for p in daemon.connect().call("Status")["processes"]}

    assert list(processes) == ["user", "lan", "ready", "noise"]
    assert processes["ready"]["state"] == "complete"
    assert processes["user"]["floors"][0]["waits"] == 'nothing provides "LAN"'
    assert [floor["state"] for floor in processes["lan"]["floors"]] == ["up", "up", "down", "gone"]


def test_why_follows_the_chain_to_its_root(daemon: Daemon) -> None:
    causes = daemon.connect().call("Why", process="user")["causes"]

    assert [(c["process"], c["statement"], c["root"]) for c in causes] == [("user", 1, False), ("lan", 3, True)]
    assert causes[1]["text"].endswith("is closed")


def test_restart_touches_exactly_the_floors_from_there_on(daemon: Daemon) -> None:
    connection = daemon.connect()
    before = connection.call("Watch")["events"][-1]["seq"]

    connection.call("Restart", process="ready", statement=2)
    events = _until(connection, before, "complete")

    moves = [(e["statement"], e["from"], e["to"]) for e in events if e["kind"] == "transition"]
    assert moves == [
        (3, "up", "dying"), (3, "dying", "gone"), (2, "up", "dying"), (2, "dying", "gone"),
        (2, "gone", "down"), (2, "down", "up"), (3, "gone", "down"), (3, "down", "up"),
    ]  # fmt: skip
    assert {e["process"] for e in events if e["kind"] != "control"} == {"ready"}


def test_restart_above_leaves_the_floor_itself_alone(daemon: Daemon) -> None:
    connection = daemon.connect()
    before = connection.call("Watch")["events"][-1]["seq"]

    connection.call("Restart", process="ready", statement=2, above=True)
    events = _until(connection, before, "complete")

    assert {e["statement"] for e in events if e["kind"] == "transition"} == {3}


def _until(connection: Connection, after: int, what: str) -> list[dict[str, Any]]:
    """Return the events after a number up to one that says something."""
    found: list[dict[str, Any]] = []
    for answer in connection.stream("Watch", after=after):
        found += answer["events"]
        if any(event.get("what") == what for event in found):
            return found
    raise AssertionError("the stream ended")


def test_a_stream_resumes_where_another_ended_without_a_gap(daemon: Daemon) -> None:
    first = daemon.connect().call("Watch", after=0)["events"]
    middle = first[len(first) // 2]["seq"]

    rest = next(daemon.connect().stream("Watch", after=middle))["events"]

    assert [event["seq"] for event in first] == list(range(1, len(first) + 1))
    assert rest[0]["seq"] == middle + 1


def test_unknown_processes_and_statements_are_refused_with_what_there_is(daemon: Daemon) -> None:
    with pytest.raises(Refusal) as caught:
        daemon.connect().call("Why", process="usr")
    assert (caught.value.name, caught.value.parameters["similar"]) == ("NoSuchProcess", ["user"])

    with pytest.raises(Refusal) as caught:
        daemon.connect().call("Restart", process="ready", statement=4)
    assert (caught.value.name, caught.value.parameters["statements"]) == ("NoSuchStatement", 3)


@contextmanager
def somebody() -> Iterator[None]:
    """Be a user without rights for a while."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_without_the_right_may_read_and_is_told_so() -> None:
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder))
        with somebody():
            connection = daemon.connect()
        read = connection.call("Status")

        with pytest.raises(Refusal) as caught:
            connection.call("Restart", process="ready")

        assert len(read["processes"]) == 4
        assert [floor for p in read["processes"] for floor in p["floors"] if "values" in floor] == []
        assert "eth0" not in json.dumps(connection.call("Watch", after=0))
        assert caught.value.name == "PermissionDenied"
        assert {"Status", "Why", "Watch"} <= set(caught.value.parameters["allowed"])
        assert not {"Restart", "Source", "Show"} & set(caught.value.parameters["allowed"])
        daemon.end()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change its groups")
def test_all_groups_of_who_asks_are_known() -> None:
    groups = os.getgroups()
    os.setgroups([4711, 4712])
    try:
        ours, theirs = socket.socketpair(socket.AF_UNIX)
    finally:
        os.setgroups(groups)

    with ours, theirs:
        assert peer_of(ours).gids == {os.getegid(), 4711, 4712}


@pytest.mark.parametrize(
    "data",
    [b"\0", b"{}\0", b"[1]\0", b"GET / HTTP/1.1\r\n\r\n\0", b"{\0" * 1000, b"\xff" * 100_000, b"x" * (3 << 20)],
    ids=["empty", "no method", "no object", "http", "many", "binary", "3 MB"],
)
def test_a_hostile_client_is_let_go_and_nobody_else_notices(daemon: Daemon, data: bytes) -> None:
    hostile = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    hostile.settimeout(60)
    hostile.connect(daemon.path)

    try:
        hostile.sendall(data)
        hostile.shutdown(socket.SHUT_WR)
        while hostile.recv(1 << 16):
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass

    assert len(daemon.connect().call("Status")["processes"]) == 4


def test_a_client_that_asks_much_and_reads_nothing_costs_little_memory(daemon: Daemon) -> None:
    greedy = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    greedy.connect(daemon.path)
    greedy.setblocking(False)
    call = encode_call("org.netstrata.Control.Source", {})
    before = memory_kb(daemon.child.pid)
    sent = 0
    with suppress(BlockingIOError):
        while sent < 200_000_000:
            sent += greedy.send(call * 1000)
            daemon.connect().call("Status")

    assert len(daemon.connect().call("Status")["processes"]) == 4
    assert sent < 200_000_000
    assert memory_kb(daemon.child.pid) - before < 8192

    greedy.settimeout(60)
    answers = 0
    while answers < sent // len(call):
        answers += greedy.recv(1 << 16).count(b"\0")
    greedy.close()


def test_a_busy_daemons_socket_is_not_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "control"
    busy = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    busy.bind(str(path))
    busy.listen(0)
    waiting = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(2)]
    with suppress(BlockingIOError):
        for client in waiting:
            client.setblocking(False)
            client.connect(str(path))
    program = tmp_path / "second.ncd"
    program.write_text('process main { println("second runs"); sleep("1"); exit("0"); }')
    words = [sys.executable, "-m", "netstrata", "run", "--control", str(path), str(program)]

    second = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    assert (second.returncode, second.stdout) == (1, "")
    assert "another daemon listens there" in second.stderr
    assert path.is_socket()


def test_a_client_that_sends_half_a_message_and_waits_holds_up_nobody(daemon: Daemon) -> None:
    slow = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    slow.connect(daemon.path)
    slow.sendall(b'{"method":"org.netstrata')

    assert len(daemon.connect().call("Status")["processes"]) == 4
    slow.close()


def test_a_client_that_does_not_read_is_told_of_the_gap_and_let_go(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, "noisy")
    stuck = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stuck.settimeout(60)
    stuck.connect(daemon.path)
    stuck.sendall(encode_call("org.netstrata.Control.Watch", {"after": 0}, more=True))
    stuck.recv(1)
    reader = daemon.connect()
    last = 0
    for answer in reader.stream("Watch", after=0):
        numbers = [event["seq"] for event in answer["events"]]
        assert numbers == list(range(last + 1, last + 1 + len(numbers)))
        last = numbers[-1]
        if last > 3 * KEPT:
            break

    data = bytearray(b"{")
    while piece := stuck.recv(1 << 20):
        data += piece
    messages = [json.loads(message) for message in bytes(data).split(b"\0")[:-1]]

    assert messages[-1]["error"] == "org.netstrata.Control.Gap"
    assert messages[-1]["parameters"]["seq"] == messages[-2]["parameters"]["events"][-1]["seq"]
    daemon.end()


def test_a_second_daemon_at_the_same_socket_ends_before_it_does_anything(daemon: Daemon) -> None:
    program = Path(daemon.path).with_name("second.ncd")
    program.write_text('process main { println("second runs"); exit("0"); }')
    words = [sys.executable, "-m", "netstrata", "run", "--control", daemon.path, str(program)]

    second = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == (
        f"error: cannot open the control socket {daemon.path}: another daemon listens there\n"
        "help: end that one, or give this one a socket of its own, or none: --control PATH\n"
    )
    assert len(daemon.connect().call("Status")["processes"]) == 4


@pytest.mark.parametrize("elsewhere", ["none", "other"])
def test_a_second_daemon_with_no_socket_or_another_one_runs(daemon: Daemon, elsewhere: str) -> None:
    folder = Path(daemon.path).parent
    program = folder / "second.ncd"
    program.write_text('process main { println("second runs"); exit("0"); }')
    path = elsewhere if elsewhere == "none" else str(folder / elsewhere)
    words = [sys.executable, "-m", "netstrata", "run", "--quiet", "--control", path, str(program)]

    second = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)

    assert (second.stdout, second.stderr) == ("second runs\n", "")


def test_of_two_daemons_that_began_in_the_same_instant_the_one_whose_socket_is_gone_ends(tmp_path: Path) -> None:
    path = str(tmp_path / "control")
    first = Claim(path)
    os.unlink(path)  # the second one has found nobody listening between bind(2) and listen(2)
    second = Claim(path)

    with pytest.raises(Taken):
        first.check()
    first.release()
    second.check()

    assert os.path.exists(path)
    second.release()
    assert not os.path.exists(path)


def test_the_socket_of_a_daemon_that_was_killed_is_taken_over(tmp_path: Path) -> None:
    first = Daemon(tmp_path)
    first.child.kill()
    first.child.wait()
    assert os.path.exists(first.path)

    second = Daemon(tmp_path)

    assert len(second.connect().call("Status")["processes"]) == 4
    second.end()


def test_a_name_that_is_only_provided_can_be_asked_for_and_is_a_goal_then(daemon: Daemon) -> None:
    client = daemon.connect()
    before = client.call("Goals")["goals"]

    client.call("Ask", goal="LAN")
    asked = client.call("Goals")["goals"]
    client.call("Drop", goal="LAN")

    assert [one for one in asked if one not in before] == [
        {"name": "LAN", "asked": True, "state": "waiting", "processes": ["lan"]}
    ]
    assert client.call("Goals")["goals"] == before
