"""Files of a daemon that is killed at any point: taken over untouched, or undone, and what was found is never lost.

Every point there is: NETSTRATA_KILLS=all; else some of them, spread over all.
"""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import pytest
from tests.system.killed import killed, live_on, shape, watching

from netstrata.ports.heldfiles import NOTHING_SAID, Attributes
from netstrata.system.filesystem.generated import GeneratedFiles
from netstrata.system.held import Recovery
from netstrata.system.heldfiles import RealHeldFiles
from netstrata.testing.heard import Heard

STEP = 1 if os.environ.get("NETSTRATA_KILLS") else 7


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory, where there is such a thing: a disk would be waited for thousands of times."""
    memory = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "found").write_bytes(b"old")
    (folder / "found").chmod(0o640)
    (folder / "theirs").mkdir()
    (folder / "their link").symlink_to("found")
    return folder


class Daemon:
    """Holds files of some contents, one on another, with directories and links."""

    def __init__(self, folder: Path, *contents: bytes, stays: bool = False, settles: bool = True) -> None:
        self._folder = folder
        self._contents = contents
        self._stays = stays
        self._settles = settles
        self.notes: list[str] = []

    async def __call__(self, recovery: Recovery) -> None:
        statement = Heard()
        files = RealHeldFiles(recovery).on_behalf_of(statement)
        generated = GeneratedFiles(str(self._folder), recovery)
        async with AsyncExitStack() as stack:
            if self._contents:
                await self._hold(stack, files)
                stack.enter_context(generated.held_file("a.conf", statement)).write("generated")
            if self._settles:
                await recovery.sweep()
            if self._stays:
                os.kill(os.getpid(), signal.SIGKILL)
        self.notes = statement.lines

    async def _hold(self, stack: AsyncExitStack, files: RealHeldFiles) -> None:
        folder = self._folder
        for name in ("made", "theirs"):
            await stack.enter_async_context(files.held_directory(os.fsencode(folder / name), Attributes(0o711)))
        for path in (folder / "found", folder / "made/new"):
            for content in self._contents:
                await stack.enter_async_context(files.held_file(os.fsencode(path), content, NOTHING_SAID))
        for name in ("link", "their link"):
            await stack.enter_async_context(files.held_link(b"found", os.fsencode(folder / name)))


@pytest.mark.parametrize("after", [(), (b"1", b"2"), (b"2",), (b"3", b"2")])
def test_a_daemon_may_be_killed_at_any_point(tmp_path: Path, folder: Path, after: tuple[bytes, ...]) -> None:
    journal = tmp_path / "journal"
    before = shape(folder)

    for at in count(1, STEP):
        was_killed = killed(journal, Daemon(folder, b"1", b"2"), at)
        problems = live_on(journal, Daemon(folder, *after))
        assert (problems, shape(folder)) == ([], before), f"killed at {at}"
        if not was_killed:
            break

    assert at > 100


@pytest.mark.parametrize("after", [(b"1", b"2"), (b"1", b"3")])
def test_and_so_may_the_one_after_it(tmp_path: Path, folder: Path, after: tuple[bytes, ...]) -> None:
    journal = tmp_path / "journal"
    before = shape(folder)

    for at in count(1, STEP):
        killed(journal, Daemon(folder, b"1", b"2", stays=True))
        was_killed = killed(journal, Daemon(folder, *after), at)
        problems = live_on(journal, Daemon(folder))
        assert (problems, shape(folder)) == ([], before), f"killed at {at}"
        if not was_killed:
            break

    assert at > 50


def test_what_is_left_when_a_daemon_ends_early_is_undone_by_the_next_one(tmp_path: Path, folder: Path) -> None:
    journal = tmp_path / "journal"
    before = shape(folder)
    killed(journal, Daemon(folder, b"1", b"2", stays=True))

    assert not killed(journal, Daemon(folder, b"2", settles=False))
    assert (folder / "found").read_bytes() == b"1"

    assert live_on(journal, Daemon(folder)) == []
    assert shape(folder) == before


def test_what_a_daemon_left_is_taken_over_without_being_touched(tmp_path: Path, folder: Path) -> None:
    journal = tmp_path / "journal"
    before = shape(folder)
    killed(journal, Daemon(folder, b"1", b"2", b"2", b"3", stays=True))
    left = shape(folder)

    with watching(folder, folder / "made", folder / "generated") as changes:
        killed(journal, Daemon(folder, b"1", b"2", b"2", b"3", stays=True))
        assert changes() == []

    assert shape(folder) == left
    assert live_on(journal, Daemon(folder)) == []
    assert shape(folder) == before


def test_only_what_the_next_one_wants_otherwise_is_written(tmp_path: Path, folder: Path) -> None:
    journal = tmp_path / "journal"
    before = shape(folder)
    killed(journal, Daemon(folder, b"1", stays=True))

    with watching(folder / "made") as changes:
        killed(journal, Daemon(folder, b"2", stays=True))
        renamed = [change.name for change in changes() if change.name == b"new"]

    assert renamed == [b"new"]
    assert (folder / "found").read_bytes() == b"2"
    assert live_on(journal, Daemon(folder)) == []
    assert shape(folder) == before


def test_what_somebody_has_changed_meanwhile_is_left_alone(tmp_path: Path, folder: Path) -> None:
    journal = tmp_path / "journal"
    killed(journal, Daemon(folder, b"1", b"2", stays=True))
    (folder / "found").write_bytes(b"theirs")
    (folder / "link").unlink()
    (folder / "link").symlink_to("elsewhere")
    (folder / "made/more").write_bytes(b"theirs")

    assert live_on(journal, Daemon(folder)) == []

    assert (folder / "found").read_bytes() == b"theirs"
    assert os.readlink(folder / "link") == "elsewhere"
    assert os.listdir(folder / "made") == ["more"]
    assert sorted(os.listdir(folder)) == ["found", "link", "made", "their link", "theirs"]


def test_without_a_journal_as_after_a_boot_what_was_found_comes_back_all_the_same(tmp_path: Path, folder: Path) -> None:
    journal = tmp_path / "journal"
    killed(journal, Daemon(folder, b"1", b"2", stays=True))
    journal.unlink()

    assert live_on(journal, Daemon(folder, b"1", b"2")) == []

    assert (folder / "found").read_bytes() == b"old"
    assert oct((folder / "found").stat().st_mode) == "0o100640"


class Generates:
    """Has a file generated."""

    def __init__(self, folder: Path, text: str, stays: bool = False) -> None:
        self._folder = folder
        self._text = text
        self._stays = stays
        self.seen: list[str] = []

    async def __call__(self, recovery: Recovery) -> None:
        with GeneratedFiles(str(self._folder), recovery).held_file("a.conf", Heard()) as file:
            file.write(self._text)
            self.seen = os.listdir(self._folder / "generated")
            if self._stays:
                os.kill(os.getpid(), signal.SIGKILL)


def test_a_generated_file_that_is_as_it_was_has_nothing_half_written_beside_it(tmp_path: Path, folder: Path) -> None:
    journal = tmp_path / "journal"
    for at in count(1):
        killed(journal, Generates(folder, "first", stays=True))
        was_killed = killed(journal, Generates(folder, "second"), at)
        last = Generates(folder, "first")
        assert (live_on(journal, last), last.seen) == ([], ["a.conf"]), f"killed at {at}"
        assert not (folder / "generated").exists(), f"killed at {at}"
        if not was_killed:
            break

    assert at > 5
