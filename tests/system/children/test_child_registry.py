"""Children that must not outlive the daemon: what the next one makes of those that did."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.clock import Clock

from netstrata.system.children.child_registry import ChildRegistry
from netstrata.system.children.orphans import GRACE_S, lockers_of, started_at

SLEEPS = ("/bin/sleep", "1000")


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    """A program of its own group, ended at the end."""
    with subprocess.Popen(SLEEPS, start_new_session=True) as popen:
        yield popen
        popen.kill()


def left_by_a_daemon_that_was_killed(path: Path, pid: int) -> str:
    """Have a file as such a daemon leaves it."""
    theirs = ChildRegistry(str(path))
    theirs.call(pid)
    text = path.read_text()
    theirs.strike(pid)
    path.write_text(text)
    return text


def test_what_was_left_is_ended_and_the_file_is_gone(tmp_path: Path, child: "subprocess.Popen[bytes]") -> None:
    path = tmp_path / "run" / "children"
    left_by_a_daemon_that_was_killed(path, child.pid)

    ended = asyncio.run(ChildRegistry(str(path)).end_orphans())

    assert ended == [child.pid]
    assert child.wait(60) == -signal.SIGTERM
    assert not path.exists()


def test_who_does_not_listen_is_killed_with_its_group(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap '' TERM; sleep 1000 & touch {ready}; while :; do sleep 0.05; done"
    with subprocess.Popen(["/bin/sh", "-c", script], start_new_session=True) as deaf:
        while not ready.exists():
            time.sleep(0.01)
        path = tmp_path / "children"
        left_by_a_daemon_that_was_killed(path, deaf.pid)

        clock = Clock()
        asyncio.run(ChildRegistry(str(path)).end_orphans())

        assert deaf.wait(60) == -signal.SIGKILL
        assert clock.all_s > GRACE_S - 0.5
        assert clock.seconds < GRACE_S + 3
        with suppress(ProcessLookupError):
            for _ in range(1000):  # until nobody is left of the group
                os.killpg(deaf.pid, 0)
                time.sleep(0.01)
            raise AssertionError("somebody of the group is left")


@pytest.mark.parametrize("spoil", ["another start", "another boot", "torn", "garbage", "empty", "ended"])
def test_nobody_else_is_ended_whatever_the_file_says(
    tmp_path: Path, child: "subprocess.Popen[bytes]", spoil: str
) -> None:
    path = tmp_path / "children"
    boot, line, _ = left_by_a_daemon_that_was_killed(path, child.pid).split("\n")
    texts = {
        "another start": f"{boot}\n{child.pid} 1\n",
        "another boot": f"x{boot}\n{line}\n",
        "torn": f"{boot}\n{line}",
        "garbage": "\x00\xff\n1 2 3\n-1 -1\n",
        "empty": "",
        "ended": f"{boot}\n999999999 5\n",
    }
    path.write_text(texts[spoil])

    assert asyncio.run(ChildRegistry(str(path)).end_orphans()) == []

    assert child.poll() is None
    assert not path.exists()


def test_the_children_of_a_daemon_that_runs_are_its_own(tmp_path: Path, child: "subprocess.Popen[bytes]") -> None:
    path = tmp_path / "children"
    theirs = ChildRegistry(str(path))
    theirs.call(child.pid)

    ours = ChildRegistry(str(path))

    assert asyncio.run(ours.end_orphans()) == []
    ours.call(os.getpid())  # is not remembered, and does no harm
    assert path.read_text().splitlines()[1:] == [f"{child.pid} {theirs._called[child.pid]}"]
    assert child.poll() is None
    theirs.strike(child.pid)
    assert not path.exists()


TOOL = """
import os, subprocess, sys
from netstrata.system.children.child_registry import ChildRegistry
inherited = ChildRegistry(sys.argv[1]).begin_tool()
subprocess.Popen(["/bin/sh", "-c", "sleep 1000 & wait"], pass_fds=inherited, process_group=0)
print("begun", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def with_a_tool(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A daemon that has a tool running, which has started another program."""
    words = [sys.executable, "-c", TOOL, str(tmp_path / "children")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == b"begun\n"
        yield daemon
        daemon.kill()
        daemon.wait()
        asyncio.run(ChildRegistry(str(tmp_path / "children")).end_orphans())


def test_a_tool_and_what_it_has_started_are_found_by_the_lock_that_they_share_and_ended(
    tmp_path: Path, with_a_tool: "subprocess.Popen[bytes]"
) -> None:
    path = tmp_path / "children"
    while len(lockers_of(str(path))) < 3:  # the shell has started the sleep
        time.sleep(0.01)
    with_a_tool.kill()
    with_a_tool.wait()
    tools = lockers_of(str(path))

    ended = asyncio.run(ChildRegistry(str(path)).end_orphans())

    assert (len(tools), sorted(ended)) == (2, sorted(tools))
    assert [started_at(pid) for pid in tools] == ["", ""]
    assert not path.exists()


def test_a_tool_of_a_daemon_that_runs_is_its_own(tmp_path: Path, with_a_tool: "subprocess.Popen[bytes]") -> None:
    path = tmp_path / "children"
    theirs = lockers_of(str(path))

    assert asyncio.run(ChildRegistry(str(path)).end_orphans()) == []

    assert with_a_tool.poll() is None
    assert all(started_at(pid) for pid in theirs)


def test_who_only_reads_the_file_is_no_tool(tmp_path: Path, with_a_tool: "subprocess.Popen[bytes]") -> None:
    with open(tmp_path / "children", "rb"):
        assert os.getpid() not in lockers_of(str(tmp_path / "children"))
