"""Children that outlive a daemon: how the next one finds them, and whom it never touches."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netstrata.ports import Command
from netstrata.system.children import RealChildren, StopTimeout
from netstrata.system.children.keeper import KIND, ChildKeeper, Likeness, Record
from netstrata.system.children.orphans import started_at
from netstrata.system.held import Recovery
from netstrata.system.output.standard_output import StandardOutput
from netstrata.system.undo_journal import Identity, UndoJournal
from netstrata.testing.heard import Heard, shell

SLEEPS = Command([b"/bin/sleep", b"1000"])
# What it starts has its output open as well, in its group.
SERVES = shell("trap 'kill $!; exit' TERM; sleep 1000 & wait")


class Daemon:
    """What one daemon has for its children, until it is killed."""

    def __init__(self, folder: Path) -> None:
        self.journal = UndoJournal(str(folder / "journal"), Identity.here())
        self.recovery = Recovery(self.journal)
        self.directory = folder / "output"
        self.keeper = ChildKeeper(self.recovery, str(self.directory), StopTimeout())
        self.children = RealChildren(StandardOutput(), keeper=self.keeper)

    def die(self) -> None:
        """Leave all as it is."""
        self.journal.close()

    @property
    def outputs(self) -> list[str]:
        """The FIFOs that are there."""
        return os.listdir(self.directory) if self.directory.exists() else []


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    """A program of its own group, ended at the end."""
    with subprocess.Popen(SLEEPS.words, start_new_session=True) as popen:
        yield popen
        popen.kill()


@pytest.mark.parametrize("way", ["adopt", "sweep"])
@pytest.mark.parametrize("started", ["1", ""])
def test_a_stranger_who_has_the_process_id_by_now_is_not_touched(
    tmp_path: Path, child: "subprocess.Popen[bytes]", way: str, started: str
) -> None:
    first = Daemon(tmp_path)
    record = Record("/bin/sleep", Likeness.of(SLEEPS, b""), child.pid, started)
    first.journal.done(first.journal.intend(KIND, b"key", record.written(), "main.1 daemon"), record.written())
    first.die()

    async def act() -> None:
        second = Daemon(tmp_path)
        if way == "adopt":
            assert await second.children.adopt(SLEEPS) is None
        else:
            assert [one.problem for one in await second.recovery.sweep()] == [""]
        assert (second.recovery.left, second.outputs) == ([], [])
        second.die()

    asyncio.run(act())
    assert child.poll() is None
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize("way", ["adopt", "another", "sweep"])
def test_one_whose_daemon_was_killed_before_its_process_id_was_written_is_found_by_its_output(
    tmp_path: Path, way: str
) -> None:
    first = Daemon(tmp_path)
    begun = first.keeper.begin("/bin/sh", SERVES, b"", "main.1 daemon")
    assert begun is not None
    _, ours, its = begun
    with subprocess.Popen(SERVES.words, stdout=its, start_new_session=True) as left:
        os.close(ours)
        os.close(its)
        first.die()

        async def act() -> None:
            second = Daemon(tmp_path)
            if way == "adopt":
                taken = await second.children.adopt(SERVES)
                assert taken is not None
                assert taken.pid == left.pid
                second.die()
                third = Daemon(tmp_path)  # which knows it by its process id
                assert [Record.read(entry.undo).pid for entry in third.recovery.left] == [left.pid]
                await third.recovery.sweep()
                assert (third.recovery.left, third.outputs) == ([], [])
                third.die()
                return
            if way == "another":
                assert await second.children.adopt(SLEEPS, Heard()) is None
                assert len(second.recovery.left) == 1
            assert [one.problem for one in await second.recovery.sweep()] == [""]
            assert (second.recovery.left, second.outputs) == ([], [])
            second.die()

        asyncio.run(act())
        left.wait(60)
        assert started_at(left.pid) == ""
    assert not (tmp_path / "journal").exists()


def test_where_it_is_not_clear_which_process_was_started_it_is_ended_and_started_again(tmp_path: Path) -> None:
    first = Daemon(tmp_path)
    begun = first.keeper.begin("/bin/sleep", SLEEPS, b"", "main.1 daemon")
    assert begun is not None
    _, ours, its = begun
    pair = [subprocess.Popen(SLEEPS.words, stdout=its, start_new_session=True) for _ in range(2)]
    os.close(ours)
    os.close(its)
    first.die()

    async def act() -> None:
        second = Daemon(tmp_path)
        assert await second.children.adopt(SLEEPS) is None
        second.die()

    asyncio.run(act())
    assert [one.wait(60) for one in pair] == [-signal.SIGTERM] * 2


def test_without_room_in_the_journal_a_program_is_started_as_one_that_nobody_takes_over(tmp_path: Path) -> None:
    async def act() -> None:
        daemon = Daemon(tmp_path)
        daemon.die()  # nothing is written any more
        heard = Heard()
        child = daemon.children.keep(shell("echo said"), heard)
        assert await child.wait() == 0
        await heard.wait_for("said")
        assert daemon.outputs == []

    asyncio.run(act())


@pytest.mark.parametrize(
    "other",
    [
        lambda given: given._replace(words=[*given.words, b"more"]),
        lambda given: given._replace(options=given.options._replace(username="nobody")),
        lambda given: given._replace(options=given.options._replace(environment={b"A": b"b"})),
        lambda given: given._replace(options=given.options._replace(keep_stderr=True)),
        lambda given: given._replace(options=given.options._replace(do_setsid=True)),
    ],
    ids=["words", "user", "environment", "streams", "session"],
)
def test_a_command_that_differs_in_anything_is_another_one(other: Callable[[Command], Command]) -> None:
    assert Likeness.of(SLEEPS, b"") == Likeness.of(Command([b"/bin/sleep", b"1000"]), b"")
    assert Likeness.of(SLEEPS, b"") != Likeness.of(other(SLEEPS), b"")


def test_what_was_remembered_of_one_is_known_to_who_takes_it_over(tmp_path: Path) -> None:
    async def act() -> None:
        first = Daemon(tmp_path)
        child = first.children.keep(SLEEPS)
        assert child.keeping is not None
        child.keeping.remember(b"first")
        child.keeping.remember(b"second")
        first.die()
        second = Daemon(tmp_path)
        taken = await second.children.adopt(SLEEPS)
        assert taken is not None
        assert taken.keeping is not None
        assert (taken.pid, taken.keeping.memory) == (child.pid, b"second")
        assert started_at(taken.pid)
        taken.terminate()
        await taken.wait()
        assert second.outputs == []
        second.die()

    asyncio.run(act())
    assert not (tmp_path / "journal").exists()
