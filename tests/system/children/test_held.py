"""Children held: outlasted, undone, kept alive, and ended."""

import asyncio
import os
from pathlib import Path

import pytest
from tests.clock import Clock

from netstrata.contract.shapes.children import ChildOptions
from netstrata.ports import Command
from netstrata.protocols.backoff import STEADY, Restarts
from netstrata.system.children import RealChildren, StopTimeout
from netstrata.system.children.held import KeptAlive
from netstrata.testing.heard import Heard, shell, with_children
from netstrata.values import Unavailable


def descriptors() -> set[str]:
    """Say what our descriptors above 2 are."""
    with os.scandir("/proc/self/fd") as entries:
        return {os.readlink(entry.path) for entry in entries if int(entry.name) > 2}


async def wait_until_open(before: set[str]) -> None:
    """Wait until as much is open as before: the end of a pipe is told to nobody but its reader."""
    while descriptors() != before:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def test_being_cancelled_waits_for_the_end_and_signals_nobody(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    async def act(children: RealChildren, statement: Heard) -> list[str]:
        script = f"trap 'echo got TERM' TERM; echo ready; read word <{gate}; echo $word"
        task = asyncio.create_task(children.run(shell(script), terminate_on_cancel=False))
        await statement.wait_for("ready")
        task.cancel()
        await asyncio.wait([task], timeout=0.05)
        assert not task.done()
        task.cancel()
        await asyncio.to_thread(gate.write_text, "done\n")
        await asyncio.wait([task])
        assert task.cancelled()
        return statement.lines

    assert with_children(act) == ["ready", "done"]


def test_being_cancelled_terminates_if_asked_and_waits() -> None:
    async def act(children: RealChildren, statement: Heard) -> list[str]:
        script = "trap 'echo got TERM; exit 3' TERM; echo ready; while :; do sleep 0.01; done"
        task = asyncio.create_task(children.run(shell(script), terminate_on_cancel=True))
        await statement.wait_for("ready")
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return statement.lines

    assert with_children(act) == ["ready", "got TERM", "/bin/sh exited with status 3"]


def test_a_group_that_ignores_sigterm_is_killed_after_the_bound() -> None:
    async def act(children: RealChildren, statement: Heard) -> list[str]:
        before = descriptors()
        # The grandchild keeps the pipe open, so its end shows as the end of the pipe.
        script = "trap '' TERM; sleep 1000 & echo ready; wait; while :; do sleep 1; done"
        task = asyncio.create_task(children.run(shell(script), terminate_on_cancel=True))
        await statement.wait_for("ready")
        task.cancel()
        await asyncio.wait([task])
        await wait_until_open(before)
        return statement.lines

    assert with_children(act, kill_after_s=0.1) == [
        "ready",
        "/bin/sh has not ended 0.1 s after SIGTERM: SIGKILL to it and its group",
        "/bin/sh was ended by signal 9 (SIGKILL)",
    ]


def test_a_failed_command_is_refused_in_its_own_last_words() -> None:
    async def act(children: RealChildren, _: Heard) -> None:
        async with children.held_command([b"/bin/sh", b"-c", b"echo no such table >&2; exit 2"], []):
            raise AssertionError("it is up")

    with pytest.raises(Unavailable) as refused:
        with_children(act)
    assert str(refused.value) == "cannot run /bin/sh: exited with status 2: no such table"


def test_a_command_cancelled_while_it_runs_is_outlasted_and_undone(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    async def act(children: RealChildren, statement: Heard) -> list[str]:
        do = [b"/bin/sh", b"-c", f"trap 'echo TERM' TERM; echo ready; exit $(cat {gate})".encode()]

        async def hold() -> None:
            async with children.held_command(do, [b"/bin/echo", b"undone"]):
                raise AssertionError("it is up")

        for status in ("0", "1"):
            task = asyncio.create_task(hold())
            await statement.wait_for("ready")
            task.cancel()
            await asyncio.to_thread(gate.write_text, status)
            await asyncio.wait([task])
            assert task.cancelled()
            statement.lines.append(f"gone after status {status}")
            statement.lines.remove("ready")
        return statement.lines

    assert with_children(act) == [
        "undone",
        "gone after status 0",
        "/bin/sh exited with status 1: ready: there is nothing to undo",
        "gone after status 1",
    ]


@pytest.mark.parametrize(
    ("undo", "line"),
    [
        ([b"/bin/false"], "/bin/false exited with status 1; ignoring"),
        ([b"/gone"], "/gone could not be executed: No such file or directory; ignoring"),
    ],
)
def test_an_undo_that_fails_is_noted_and_leaving_goes_on(undo: list[bytes], line: str) -> None:
    async def act(children: RealChildren, statement: Heard) -> list[str]:
        async with children.held_command([], undo):
            statement.note("up")
        return statement.lines

    assert with_children(act) == ["up", line]


def test_what_is_kept_alive_is_started_again_after_each_end(tmp_path: Path) -> None:
    async def act(children: RealChildren, statement: Heard) -> list[str]:
        script = f"echo x >>{tmp_path}/runs; [ $(wc -l <{tmp_path}/runs) -lt 3 ] || {{ echo third; exec sleep 1000; }}"
        async with children.held_alive(shell(script), 10):
            await statement.wait_for("third")
        return statement.lines

    again = "/bin/sh exited with status 0; starting it again in {} s"
    started = "/bin/sh is started again"
    assert with_children(act) == [again.format("0.01"), started, again.format("0.02"), started, "third"]
    assert with_children(act, growth=STEADY) == ["third"]
    assert (tmp_path / "runs").read_text() == "x\n" * 4


def test_keeping_alive_what_cannot_be_started_goes_on_trying() -> None:
    async def act(children: RealChildren, statement: Heard) -> list[str]:
        missing = children.held_alive(Command([b"/gone"]), 10)
        nobody = children.held_alive(shell("true", ChildOptions(username="no-such-user-here")), 10)
        async with missing, nobody, children.held_alive(None, 10):
            while len(statement.lines) < 5:
                await statement.wait_for_more()
        return sorted(set(statement.lines))

    assert with_children(act, growth=STEADY) == [
        "/gone could not be executed: No such file or directory; starting it again in 0.01 s",
        "cannot start /bin/sh: there is no user no-such-user-here; starting it again in 0.01 s",
        "the command is not a list of strings without NUL, the first the program's path: never started",
    ]


def test_what_lives_a_while_is_started_again_as_soon_as_the_first_time(tmp_path: Path) -> None:
    async def act(children: RealChildren, statement: Heard) -> list[str]:
        script = f"echo x >>{tmp_path}/runs; [ $(wc -l <{tmp_path}/runs) != 3 ] || sleep 3"
        restarts = Restarts(10, good=3000)  # so long takes no shell to say a word
        async with KeptAlive(children.start, shell(script), restarts, StopTimeout()):
            while len(statement.lines) < 7:
                await statement.wait_for_more()
        return [line.rpartition(" in ")[2] for line in statement.lines if "starting it again" in line]

    assert with_children(act) == ["0.01 s", "0.02 s", "0.01 s", "0.02 s"]


def test_leaving_what_waits_to_be_started_again_takes_no_time() -> None:
    async def act(children: RealChildren, statement: Heard) -> float:
        async with children.held_alive(Command([b"/bin/true"]), 60_000):
            await statement.wait_for("/bin/true exited with status 0; starting it again in 60 s")
            clock = Clock()
        return clock.seconds

    assert with_children(act) < 1


def test_leaving_what_is_kept_alive_ends_it_before_it_is_left(tmp_path: Path) -> None:
    async def act(children: RealChildren, statement: Heard) -> list[str]:
        script = "trap 'sleep 0.1; echo stopped; exit 0' TERM; echo ready; while :; do sleep 0.01; done"
        async with children.held_alive(shell(script), 10):
            await statement.wait_for("ready")
        statement.note("left")
        return statement.lines

    assert with_children(act) == ["ready", "stopped", "left"]
