"""The undo journal where a test needs a file system or a network namespace of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.clock import Clock
from tests.system.undo_journal.acts import reading

from netstrata.system.undo_journal import Identity, UndoJournal, identity, journal_path
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

PATIENCE_S = 60
RUN = "/run/small"


@contextmanager
def small_disk(host: Host, size: str) -> Iterator[None]:
    """Have a small file system in memory on a host."""
    host.call(lambda: os.mkdir(RUN))
    host.run("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", RUN)
    try:
        yield
    finally:
        host.run("umount", "-l", RUN)
        host.call(lambda: os.rmdir(RUN))


def intend(journal: UndoJournal) -> int:
    return journal.intend("route", b"key", bytes(100), "main.1 net.ipv4.route")


def wait_written(journal: UndoJournal) -> int:
    clock = Clock()
    while not (number := intend(journal)):
        assert clock.seconds < PATIENCE_S, journal.problem
    return number


def fill_up() -> None:
    """Take all the room that there is."""
    with open(f"{RUN}/other", "wb", buffering=0) as other, suppress(OSError):
        while True:
            other.write(bytes(4096))


def test_a_full_run_costs_what_comes_then_and_nothing_that_was_before(lab: Lab) -> None:
    # A store into a page that a full tmpfs cannot give is SIGBUS (seen with Linux 6.18): this process would end here.
    laptop = lab.host("laptop")

    def fill() -> None:
        path = journal_path(RUN)
        journal = UndoJournal(path, Identity.here())
        numbers = [intend(journal)]
        fill_up()
        while number := intend(journal):
            numbers.append(number)
        assert journal.problem == f"{path}: No space left on device"
        assert len(numbers) > 100
        for number in numbers:
            journal.done(number)
        for number in numbers[1:]:
            journal.undone(number)
        assert [(entry.number, entry.done) for entry in reading(Path(path)).entries.values()] == [(1, True)]

        os.unlink(f"{RUN}/other")
        last = wait_written(journal)

        assert (list(reading(Path(path)).entries), journal.problem) == ([1, last], "")
        journal.close()

    with small_disk(laptop, "1m"):
        laptop.call(fill)


def test_a_journal_on_a_full_disk_is_read_and_written_by_the_next_daemon(lab: Lab) -> None:
    laptop = lab.host("laptop")

    def crash_and_go_on() -> None:
        path = journal_path(RUN)
        first = UndoJournal(path, Identity.here())
        for _ in range(3):
            first.done(intend(first))
        assert first._file is not None
        first._file.close()
        fill_up()

        second = UndoJournal(path, Identity.here())
        for entry in second.left:
            second.undone(entry.number)

        assert (len(second.left), second.problem) == (3, "")
        assert reading(Path(path)).entries == {}
        second.close()
        assert not os.path.exists(f"{RUN}/journal")

    with small_disk(laptop, "256k"):
        laptop.call(crash_and_go_on)


def test_no_room_and_no_inode_for_a_journal_are_told_and_waited_for(lab: Lab) -> None:
    laptop = lab.host("laptop")

    def begin() -> None:
        Path(RUN, "other").write_bytes(bytes(1 << 16))
        path = journal_path(RUN)
        journal = UndoJournal(path, Identity.here())
        assert (intend(journal), journal.problem) == (0, f"{path}: No space left on device")
        os.unlink(f"{RUN}/other")
        assert wait_written(journal) == 1
        journal.close()

    with small_disk(laptop, "96k"):
        laptop.call(begin)
    with small_disk(laptop, "1m,nr_inodes=4"):
        laptop.call(begin)


def test_a_run_that_cannot_be_written_is_told_and_waited_for(lab: Lab) -> None:
    laptop = lab.host("laptop")
    with small_disk(laptop, "1m"):
        laptop.run("mount", "-o", "remount,ro", RUN)
        path = laptop.call(lambda: journal_path(RUN))
        journal = laptop.call(lambda: UndoJournal(path, Identity.here()))
        assert laptop.call(lambda: (intend(journal), journal.problem)) == (0, f"{path}: Read-only file system")

        laptop.run("mount", "-o", "remount,rw", RUN)

        assert laptop.call(lambda: wait_written(journal)) == 1
        laptop.call(journal.close)


def test_hosts_have_identities_and_files_of_their_own(lab: Lab) -> None:
    laptop, router = lab.host("laptop"), lab.host("router")
    at_home = Identity.here()

    with laptop.inside():
        of_laptop, path = Identity.here(), journal_path("/run")
    with router.inside():
        of_router, other = Identity.here(), journal_path("/run")

    assert len({at_home, of_laptop, of_router}) == 3
    assert path != other
    with laptop.inside():
        assert Identity.here() == of_laptop


def test_a_kernel_without_cookies_tells_namespaces_by_their_inodes(lab: Lab) -> None:
    found = {identity._inode()}
    for host in (lab.host("laptop"), lab.host("router")):
        with host.inside():
            found.add(identity._inode())

    assert len(found) == 3
    assert "" not in found


def test_what_was_done_in_another_network_namespace_is_not_ours_to_undo(lab: Lab, tmp_path: Path) -> None:
    laptop, router = lab.host("laptop"), lab.host("router")
    path = f"{tmp_path}/journal/a"
    with laptop.inside():
        journal = UndoJournal(path, Identity.here())
    intend(journal)
    journal.close()

    with router.inside():
        other = UndoJournal(path, Identity.here())

    assert (other.left, other.dropped) == ([], 1)
    other.close()
