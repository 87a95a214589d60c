"""How a packet filter program is found, called, and quoted when it fails, with stand-ins for it."""

import asyncio
from pathlib import Path

import pytest

from netstrata.ports.filters import FilterRule
from netstrata.system.children import RealChildren
from netstrata.system.fair_lock import FairLock
from netstrata.system.filters import PacketFilters
from netstrata.testing.heard import Heard, with_children
from netstrata.values import Unavailable

RULE = FilterRule(b"filter", b"INPUT", (b"-j", b"DROP"))


def stand_in(path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program that keeps its arguments where iptables and ebtables are found."""
    trace = path / "trace"
    for tool in ("iptables", "ebtables"):
        (path / tool).write_text(f'#!/bin/sh\necho "$*" >>{trace}\n{script}\n')
        (path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    return trace


def test_a_tool_that_is_nowhere_is_named() -> None:
    async def act(children: RealChildren, _: Heard) -> None:
        async with PacketFilters(children, FairLock()).held_rule("no-such-tables", RULE, first=False):
            raise AssertionError("it is up")

    with pytest.raises(Unavailable, match="the program no-such-tables is neither in PATH nor in /usr/sbin"):
        with_children(act)


def test_a_locked_table_is_told_in_the_tools_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "echo 'Another app is currently holding the xtables lock. Stopped waiting after 30s.' >&2; exit 4"
    stand_in(tmp_path, script, monkeypatch)

    async def act(children: RealChildren, _: Heard) -> None:
        async with PacketFilters(children, FairLock()).held_chain("iptables", b"filter", b"X"):
            raise AssertionError("it is up")

    with pytest.raises(Unavailable) as refused:
        with_children(act)
    assert str(refused.value) == (
        "cannot make filter X with iptables: Another app is currently holding the xtables lock. "
        "Stopped waiting after 30s."
    )


def test_every_tool_is_told_to_wait_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = stand_in(tmp_path, "", monkeypatch)

    async def act(children: RealChildren, _: Heard) -> None:
        filters = PacketFilters(children, FairLock())
        async with filters.held_rule("ebtables", RULE, first=False), filters.held_rule("iptables", RULE, first=True):
            pass

    with_children(act)

    assert trace.read_text().splitlines() == [
        "--concurrent -t filter -A INPUT -j DROP",
        "-w 30 -t filter -I INPUT -j DROP",
        "-w 30 -t filter -D INPUT -j DROP",
        "--concurrent -t filter -D INPUT -j DROP",
    ]


def test_a_command_cancelled_while_it_runs_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    gate = tmp_path / "gate"
    os.mkfifo(gate)
    trace = stand_in(tmp_path, f'case "$*" in *-N*) cat {gate} >/dev/null;; esac', monkeypatch)

    async def act(children: RealChildren, _: Heard) -> bool:
        async def hold() -> None:
            async with PacketFilters(children, FairLock()).held_chain("iptables", b"filter", b"X"):
                raise AssertionError("it is up")

        task = asyncio.create_task(hold())
        writer = await asyncio.to_thread(os.open, gate, os.O_WRONLY)  # returns when the command reads
        task.cancel()
        await asyncio.wait([task], timeout=0.02)
        os.close(writer)
        await asyncio.wait([task])
        return task.cancelled()

    assert with_children(act)
    assert trace.read_text().splitlines() == ["-w 30 -t filter -N X", "-w 30 -t filter -X X"]


def test_commands_wait_for_whoever_has_the_lock_and_a_cancelled_one_leaves_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = stand_in(tmp_path, "", monkeypatch)

    async def act(children: RealChildren, _: Heard) -> None:
        turns = FairLock()
        filters = PacketFilters(children, turns)
        lock = turns.ask(lambda: None)

        async def hold(chain: bytes) -> None:
            async with filters.held_chain("iptables", b"filter", chain):
                pass

        first, second = asyncio.create_task(hold(b"A")), asyncio.create_task(hold(b"B"))
        await asyncio.wait([first, second], timeout=0.05)
        assert not trace.exists()
        first.cancel()
        await asyncio.wait([first])
        lock.close()
        await second

    with_children(act)

    assert trace.read_text().splitlines() == ["-w 30 -t filter -N B", "-w 30 -t filter -X B"]
