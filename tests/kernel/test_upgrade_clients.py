"""Who is connected while a daemon is upgraded in place: nobody sees an error, or misses an event.

Linux 6.18, iproute2 6.1.0.  Twenty of each kind; and what the next version can make nothing of.
"""

import asyncio
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.kernel.test_router import PROGRAM
from tests.kernel.test_upgrade import ENVIRONMENT, changes, flow, lost, of_ours

from netstrata.cli.client import Connection
from netstrata.cli.watch.feed import EventFeed
from netstrata.console.feed import Feed
from netstrata.console.queries import Daemon
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.version import VERSION

pytestmark = pytest.mark.kernel
EACH = 20
TALKS = """
process talks { daemon({"/bin/sh", "-c", "n=0; while sleep 0.01; do n=$((n+1)); echo number $n; done"}); }
process vpn { on_request("vpn"); net.backend.waitdevice("late0"); provide("vpn"); }
process user { require("vpn"); }
"""
UPGRADED = f"upgraded from {VERSION} to {VERSION}: all is taken over after "


def started(host: Host, folder: Path, text: str, *options: str) -> Child:
    """Start a daemon whose control socket is `folder/control`, and wait until all is up."""
    (folder / "program.ncd").write_text(text)
    words = ["run", str(folder / "program.ncd"), "--control", str(folder / "control"), *options]
    daemon = netstrata(host, *words)
    daemon.wait_output("complete\n")
    return daemon


def netstrata(host: Host, *words: str) -> Child:
    """Start a command of ours."""
    return host.start([sys.executable, "-m", "netstrata", *words], ENVIRONMENT)


def status_of(child: Child) -> tuple[int, str]:
    """Wait for the end of a program; return its exit status and what it said."""
    return child.status(), child.output()


class Clients:
    """Threads that ask and watch, each with what it has seen of the events, until it is told to end."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.ending = threading.Event()
        self.seen: list[list[dict[str, Any]]] = []
        self.errors: list[BaseException] = []
        self.answers = 0
        self._threads: list[threading.Thread] = []

    def add(self, act: Callable[[list[dict[str, Any]]], None], watches: bool = True) -> None:
        """Have a thread do something with a list for the events that it sees."""
        seen: list[dict[str, Any]] = []
        if watches:
            self.seen.append(seen)

        def run() -> None:
            try:
                act(seen)
            except BaseException as error:
                self.errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def watch(self, seen: list[dict[str, Any]]) -> None:
        """Follow the events on one connection, and never connect again."""
        for answer in Connection(self.path).stream("Watch", after=0):
            seen += answer["events"]
            if self.ending.is_set():
                return

    def feed(self, seen: list[dict[str, Any]]) -> None:
        """Follow the events as `netstrata watch` does."""
        feed = EventFeed(self.path)
        feed.start()
        while not self.ending.is_set():
            update = feed.take()
            assert (update.missed, update.news) == (0, [])
            seen += update.events
            time.sleep(0.01)
        feed.end()

    def consoles(self, count: int) -> None:
        """Follow the events as so many consoles do."""
        seen: list[list[dict[str, Any]]] = [[] for _ in range(count)]
        self.seen += seen
        said: list[str] = []

        async def browse(feed: Feed, mine: list[dict[str, Any]]) -> None:
            async for message in feed.messages(-1, 0):
                kind, _, data = message.decode().partition("data: ")
                if kind.startswith("event: events"):
                    mine += json.loads(data)["events"]

        async def run() -> None:
            feeds = [Feed(Daemon(self.path), True, said.append) for _ in seen]
            tasks = [asyncio.create_task(feed.run()) for feed in feeds]
            tasks += [asyncio.create_task(browse(*pair)) for pair in zip(feeds, seen, strict=True)]
            while not self.ending.is_set():
                await asyncio.sleep(0.01)
                assert not any(task.done() for task in tasks)
            for task in tasks:
                task.cancel()
            assert [feed.epoch for feed in feeds] == [1] * count
            assert {line.partition(",")[0] for line in said} == {"the daemon answers"}

        self.add(lambda _: asyncio.run(run()), watches=False)

    def ask(self, _: list[dict[str, Any]]) -> None:
        """Ask what stands again and again, on new connections, and on one that stays."""
        stays = Connection(self.path)
        while not self.ending.is_set():
            for connection in (Connection(self.path), stays):
                assert connection.call("Status")["processes"]
                self.answers += 1

    def end(self) -> None:
        """Have all of them end."""
        self.ending.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
        assert self.errors == []


@contextmanager
def clients(path: str) -> Iterator[Clients]:
    """Begin with clients, and see that none of them has met an error."""
    found = Clients(path)
    try:
        yield found
    finally:
        found.end()


def upgraded(seen: list[dict[str, Any]]) -> bool:
    """Say whether somebody has seen that an upgrade is done."""
    return any(UPGRADED in event.get("text", "") for event in seen)


def asks(host: Host, daemon: Child, folder: Path) -> None:
    """Upgrade by the command, which waits."""
    code, said = status_of(netstrata(host, "upgrade", "--control", str(folder / "control")))
    assert (code, said.splitlines()[:2]) == (0, [VERSION, VERSION])
    assert 0 < float(said.splitlines()[2]) < 60


def signals(host: Host, daemon: Child, folder: Path) -> None:
    """Upgrade by the signal."""
    daemon.signal(signal.SIGUSR2)


@pytest.mark.parametrize("upgrade", [asks, signals])
def test_an_upgrade_loses_no_packet_no_event_and_no_client(
    lab: Lab, tmp_path: Path, upgrade: Callable[[Host, Child, Path], None]
) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0", "192.0.2.254/24")
    record = tmp_path / "record"
    daemon = started(host, tmp_path, PROGRAM + TALKS, "--record", str(record))
    path = str(tmp_path / "control")
    pair = flow(host, other)
    news = changes(host)
    logs = [netstrata(host, "log", "-f", "--json", "--control", path) for _ in range(EACH)]
    waiting = [netstrata(host, "up", "vpn", "--wait", "--control", path) for _ in range(EACH)]
    with clients(path) as who:
        for _ in range(EACH):
            who.add(who.watch)
            who.add(who.feed)
            who.add(who.ask, watches=False)
        who.consoles(EACH)
        wait_until("all clients", lambda: all(who.seen) and all(one.output() for one in logs))

        def asked() -> int:
            return len(Connection(path).call("Watch", kind="control")["events"])

        wait_until("all who ask for it", lambda: asked() == EACH)
        before = who.answers

        upgrade(host, daemon, tmp_path)

        wait_until("the end of it", lambda: all(map(upgraded, who.seen)))
        wait_until("the end of it in the logs", lambda: all(UPGRADED in one.output() for one in logs))
        wait_until("more answers", lambda: who.answers > before + 100)
        gone = lost(*pair)
        told = of_ours(news)
        assert [one.running for one in (*logs, *waiting)] == [True] * 2 * EACH
        host.ip("link add late0 type bridge")
        assert [status_of(one) for one in waiting] == [(0, "")] * EACH

    assert (gone, told) == (0, [])
    whole = [*who.seen, *([json.loads(line) for line in one.output().splitlines()[:-1]] for one in logs)]
    assert len(whole) == 4 * EACH
    for seen in whole:
        numbers = [event["seq"] for event in seen]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len({event["log"] for event in seen}) == 1
        assert [event["kind"] for event in seen].count("program") == 2
    said = [event["text"] for event in whole[0] if event["kind"] == "child"]
    assert said == [f"number {number + 1}" for number in range(len(said))]
    for one in logs:
        one.signal(signal.SIGINT)
        one.status()
    assert daemon.end() == 0
    recorded = [json.loads(line)["seq"] for line in record.read_text().splitlines()]
    assert recorded == list(range(1, len(recorded) + 1))
    assert "br0" not in host.kernel()
