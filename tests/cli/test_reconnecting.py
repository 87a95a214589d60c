"""Commands and screens that follow a daemon: cut off, they connect again by themselves, and go on where they were."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from netstrata.cli.client import Connection
from netstrata.cli.watch.feed import EventFeed
from netstrata.console.feed import Feed
from netstrata.console.queries import Daemon
from netstrata.control.errors import NoDaemon
from netstrata.testing.child import wait_until
from tests.cli.daemons import start_daemon

PROGRAM = """
process main { println("complete"); }
process vpn { on_request("vpn"); depend("LAN"); provide("vpn"); }
process user { require("vpn"); }
process lan { getargs() words; if(@val_equal(words, {"lan"})); provide("LAN"); }
"""


class Cutter:
    """A socket that hands on to the daemon what it is told, and back, until it cuts everybody off."""

    def __init__(self, path: str, to: str) -> None:
        self.path = path
        self._to = to
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                pair = self._listener.accept()[0], socket.socket(socket.AF_UNIX)
                pair[1].connect(self._to)
                self._pairs.append(pair)
                for one, other in (pair, pair[::-1]):
                    threading.Thread(target=self._hand_on, args=(one, other), daemon=True).start()

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Cut everybody off."""
        for pair in self._pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def close(self) -> None:
        """Let nobody in any more."""
        self._listener.close()


def command(*words: str) -> "subprocess.Popen[str]":
    """Start a command of ours."""
    return subprocess.Popen(
        [sys.executable, "-m", "netstrata", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A daemon at `tmp_path/control`."""
    child = start_daemon(tmp_path, PROGRAM)
    yield child
    child.terminate()
    child.wait(60)


@pytest.fixture
def cutter(daemon: "subprocess.Popen[bytes]", tmp_path: Path) -> Iterator[Cutter]:
    """What stands between a client and it."""
    cutter = Cutter(str(tmp_path / "cutter"), str(tmp_path / "control"))
    yield cutter
    cutter.close()


def by_log(path: str, seen: list[dict[str, Any]], going: Callable[[], bool]) -> None:
    child = command("log", "-f", "--json", "--control", path)
    assert child.stdout is not None
    for line in child.stdout:
        seen.append(json.loads(line))
        if not going():
            break
    child.kill()
    child.communicate()


def by_watch(path: str, seen: list[dict[str, Any]], going: Callable[[], bool]) -> None:
    feed = EventFeed(path)
    feed.start()
    while going():
        update = feed.take()
        assert update.missed == 0
        assert not any("another" in line for line in update.news)
        seen += update.events
    feed.end()


def by_console(path: str, seen: list[dict[str, Any]], going: Callable[[], bool]) -> None:
    async def run() -> None:
        feed = Feed(Daemon(path), True, lambda text: None)
        following = asyncio.create_task(feed.run())

        async def browse() -> None:
            async for message in feed.messages(-1, 0):
                kind, _, data = message.decode().partition("data: ")
                if kind.startswith("event: events"):
                    seen.extend(json.loads(data)["events"])

        browsing = asyncio.create_task(browse())
        while going():  # noqa: ASYNC110  it is a thread that says so
            await asyncio.sleep(0.01)
        following.cancel()
        browsing.cancel()
        assert feed.epoch == 1

    asyncio.run(run())


@pytest.mark.parametrize("follows", [by_log, by_watch, by_console])
def test_who_is_cut_off_goes_on_after_the_last_event(
    follows: Callable[[str, list[dict[str, Any]], Callable[[], bool]], None], cutter: Cutter, tmp_path: Path
) -> None:
    asks = Connection(str(tmp_path / "control"))
    seen: list[dict[str, Any]] = []
    ended = threading.Event()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            follows(cutter.path, seen, lambda: not ended.is_set())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    last = asks.call("Watch", after=0)["events"][-1]["seq"]

    def is_there() -> bool:
        return bool(errors) or (bool(seen) and seen[-1]["seq"] >= last)

    for _ in range(3):
        wait_until("all so far", is_there)
        cutter.cut()
        asks.call("Restart", process="main")  # nobody is told yet
        last = asks.call("Watch", after=0)["events"][-1]["seq"]
    wait_until("all", is_there)
    ended.set()
    asks.call("Restart", process="main")
    thread.join(60)

    assert errors == []
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))


def test_a_log_that_is_followed_waits_for_the_daemon_after_one_that_was_killed(tmp_path: Path) -> None:
    first = start_daemon(tmp_path, PROGRAM)
    following = command("log", "-f", "--json", "--control", str(tmp_path / "control"))
    assert following.stdout is not None
    seen = [json.loads(following.stdout.readline())]

    first.kill()
    first.wait()
    second = start_daemon(tmp_path, PROGRAM)
    while seen[-1]["log"] == seen[0]["log"]:
        seen.append(json.loads(following.stdout.readline()))
    second.terminate()
    second.wait(60)
    _, said = following.communicate(timeout=60)

    assert (seen[-1]["seq"], seen[-1]["kind"]) == (1, "program")
    assert "note: another daemon answers; these are its events from the first one on\n" in said
    assert following.returncode == 0  # the second one has ended in order


def test_who_waits_for_a_goal_asks_the_daemon_after_one_that_was_killed(tmp_path: Path) -> None:
    first = start_daemon(tmp_path, PROGRAM)
    waiting = command("up", "vpn", "--wait", "--control", str(tmp_path / "control"))
    hurried = command("up", "vpn", "--timeout", "0.5", "--control", str(tmp_path / "control"))
    asks = Connection(str(tmp_path / "control"))
    wait_until("both", lambda: len(asks.call("Watch", kind="control")["events"]) == 2)

    first.kill()
    first.wait()
    late = hurried.communicate(timeout=60)
    second = start_daemon(tmp_path, PROGRAM, "lan")

    assert waiting.communicate(timeout=60)[0] == ""
    assert (waiting.returncode, hurried.returncode) == (0, 3)
    assert "has not come up within 0.5 s" in late[1]
    second.terminate()
    second.wait(60)
    with pytest.raises(NoDaemon):
        Connection(str(tmp_path / "control"))


def test_who_waits_for_a_goal_waits_for_a_daemon_that_is_not_there_yet(tmp_path: Path) -> None:
    control = ["--control", str(tmp_path / "control")]
    waiting = command("up", "vpn", "--wait", *control)
    hurried = command("up", "vpn", "--timeout", "0.5", *control)
    not_waiting = [command(*words, *control) for words in (["up", "vpn"], ["down", "vpn", "--wait"], ["goals"])]
    late = hurried.communicate(timeout=60)[1]
    refused = [one.communicate(timeout=60)[1] for one in not_waiting]

    daemon = start_daemon(tmp_path, PROGRAM, "lan")
    said = waiting.communicate(timeout=60)[1]

    assert (waiting.returncode, hurried.returncode) == (0, 3)
    assert said == "note: no daemon is there yet; waiting for one\n"
    assert late.startswith("note: no daemon is there yet; waiting for one\nerror: no daemon has come up within 0.5 s\n")
    assert [one.returncode for one in not_waiting] == [8, 8, 8]
    assert all("error: no daemon answers at " in one for one in refused)
    daemon.terminate()
    daemon.wait(60)


def test_what_only_asks_once_does_not_wait_for_anybody(tmp_path: Path) -> None:
    daemon = start_daemon(tmp_path, PROGRAM)
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()

    asked = command("status", "--control", str(tmp_path / "control"))

    assert asked.communicate(timeout=60)[1].startswith("error: no daemon answers at ")
    assert asked.returncode == 8
