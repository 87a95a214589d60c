"""One daemon after another with one journal: what each is left, whatever is wrong with the file or the disk."""

import asyncio
import fcntl
import os
import resource
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clock import Clock
from tests.system.undo_journal.acts import Act, Live, after, play, reading

from netstrata.system.undo_journal import Entry, Identity, JournalTaken, UndoJournal, journal_path
from netstrata.system.undo_journal import format as form
from netstrata.system.undo_journal.format import JournalReading

HERE = Identity("a boot", "a namespace")
PATIENCE_S = 60
FULL = resource.RLIMIT_FSIZE, 1 << 17  # bytes, that a file grows to
NO_FILES = resource.RLIMIT_NOFILE, 3  # that are open anyway


@pytest.fixture
def path(tmp_path: Path) -> str:
    return f"{tmp_path}/run/journal/a"


def intend(journal: UndoJournal, key: bytes = b"key", undo: bytes = b"undo") -> int:
    return journal.intend("route", key, undo, "main.1 net.ipv4.route")


def wait_written(journal: UndoJournal) -> int:
    """Try until something can be written, and return its number."""
    clock = Clock()
    while not (number := intend(journal)):
        assert clock.seconds < PATIENCE_S, journal.problem
    return number


def crash(journal: UndoJournal) -> None:
    """Let go of the file as one that is killed does."""
    if journal._file is not None:
        journal._file.close()


@contextmanager
def limited(what: int, most: int) -> Iterator[None]:
    """Allow this process no more of something."""
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def test_a_daemon_is_left_what_the_last_one_did_in_the_order_of_doing(path: str) -> None:
    first = UndoJournal(path, HERE)
    assert (first.left, first.problem) == ([], "")
    address = first.intend("address", b"192.0.2.1", b"delete", "main.1 net.ipv4.addr")
    route = first.intend("route", b"default", b"", "main.2 net.ipv4.route")
    gone = first.intend("rule", b"1", b"", "main.3 net.rule")
    doubtful = first.intend("rule", b"2", b"\xff", "main.4 \udcff \ud800")
    first.done(address)
    first.done(route, b"put 192.0.2.254 back")
    first.done(gone)
    first.undone(gone)
    crash(first)

    second = UndoJournal(path, HERE)

    assert second.left == [
        Entry(address, "address", b"192.0.2.1", b"delete", "main.1 net.ipv4.addr", True),
        Entry(route, "route", b"default", b"put 192.0.2.254 back", "main.2 net.ipv4.route", True),
        Entry(doubtful, "rule", b"2", b"\xff", "main.4 \udcff \ud800", False),
    ]
    assert intend(second) > doubtful
    crash(second)


def test_what_nobody_undid_or_held_again_is_left_to_the_one_after(path: str) -> None:
    first = UndoJournal(path, HERE)
    for key in (b"adopted", b"undone", b"neither", b"of the same place"):
        first.done(intend(first, key))
    crash(first)
    second = UndoJournal(path, HERE)
    adopted, undone, neither, same = second.left

    assert second.adopt(adopted, "other.7 net.ipv4.route") == adopted.number
    assert second.adopt(same, same.holder) == same.number
    second.undone(undone.number)
    crash(second)

    third = UndoJournal(path, HERE)
    assert third.left == [adopted._replace(holder="other.7 net.ipv4.route"), neither, same]
    assert third.adopt(undone, "main.1") == 0
    crash(third)


def test_the_file_goes_with_the_last_entry_and_only_then(path: str) -> None:
    first = UndoJournal(path, HERE)
    number = intend(first)
    first.close()
    assert os.listdir(os.path.dirname(path)) == ["a"]

    second = UndoJournal(path, HERE)
    second.undone(number)
    second.close()
    second.close()

    assert not os.path.exists(os.path.dirname(path))


def test_the_folder_stays_as_long_as_another_daemon_has_a_journal_in_it(path: str) -> None:
    one, other = UndoJournal(path, HERE), UndoJournal(f"{path}.other", HERE)

    one.close()
    number = intend(other)

    assert list(reading(Path(f"{path}.other")).entries) == [number]
    other.undone(number)
    other.close()
    assert not os.path.exists(os.path.dirname(path))


def test_after_the_end_nothing_is_written_and_nothing_fails(path: str) -> None:
    journal = UndoJournal(path, HERE)
    number = intend(journal)
    journal.close()

    journal.done(number)
    journal.undone(number)

    assert intend(journal) == 0
    assert [entry.done for entry in reading(Path(path)).entries.values()] == [False]


def test_what_is_undone_in_one_turn_of_the_loop_is_written_when_it_ends(path: str) -> None:
    async def turns() -> tuple[list[int], list[int]]:
        journal = UndoJournal(path, HERE)
        numbers = [intend(journal) for _ in range(3)]
        for number in reversed(numbers[1:]):
            journal.undone(number)
        within = list(reading(Path(path)).entries)
        await asyncio.sleep(0)
        after_it = list(reading(Path(path)).entries)
        crash(journal)
        return within, after_it

    assert asyncio.run(turns()) == ([1, 2, 3], [1])


@pytest.mark.parametrize(
    "act",
    [
        lambda journal, left: intend(journal),
        lambda journal, left: journal.done(left.number),
        lambda journal, left: journal.done(left.number, b"another inverse"),
        lambda journal, left: journal.adopt(left, "main.7"),
        lambda journal, left: journal.close(),
    ],
)
def test_what_is_undone_is_written_before_anything_else(path: str, act: Callable[[UndoJournal, Entry], object]) -> None:
    async def in_one_turn() -> JournalReading:
        first = UndoJournal(path, HERE)
        intend(first)
        crash(first)
        journal = UndoJournal(path, HERE)
        number = intend(journal)
        journal.undone(number)
        act(journal, journal.left[0])
        found = reading(Path(path))
        assert number not in found.entries
        await asyncio.sleep(0)
        crash(journal)
        return found

    found = asyncio.run(in_one_turn())

    assert reading(Path(path)).entries == found.entries  # and is not written again


def test_number_0_and_others_that_are_not_live_are_nothing(path: str) -> None:
    journal = UndoJournal(path, HERE)
    number = intend(journal)
    journal.undone(number)

    for nothing in (0, number, number + 1, -1):
        journal.done(nothing)
        journal.done(nothing, b"undo")
        journal.undone(nothing)

    assert reading(Path(path)).entries == {}
    journal.close()


ACTS = st.builds(
    Act,
    st.sampled_from(["intend", "done", "done with", "undone", "adopt", "crash", "crash", "close"]),
    st.integers(0, 9),
    st.binary(max_size=9),
    st.one_of(st.binary(max_size=9), st.builds(bytes, st.integers(0, 150_000))),
    st.text(max_size=9),
)


@given(st.lists(ACTS, max_size=40))
def test_whatever_is_done_and_whenever_it_crashes_what_is_live_is_what_is_read(acts: list[Act]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/journal/a"
        journal = UndoJournal(path, HERE, compacted=0)
        live: Live = {}
        for act in acts:
            if act.verb in ("crash", "close"):
                crash(journal) if act.verb == "crash" else journal.close()
                journal = UndoJournal(path, HERE, compacted=0)
                assert journal.left == [entry for _, entry in sorted(live.items())]
            elif live or act.verb == "intend":
                live = after(live, act, play(journal, live, act))
            assert (reading(Path(path)).entries, journal.problem) == (live, "")
        journal.close()
        assert [file.name for file in Path(folder).glob("journal/*")] == (["a"] if live else [])


FAULTS = st.builds(
    Act,
    st.sampled_from(
        ["intend", "intend", "done", "done with", "undone", "adopt", "full", "no descriptors", "well", "crash"]
    ),
    st.integers(0, 9),
    st.binary(max_size=9),
    st.one_of(st.binary(max_size=9), st.builds(bytes, st.integers(0, 150_000))),
    st.text(max_size=9),
)


@given(st.lists(FAULTS, max_size=40))
def test_whatever_cannot_be_written_nothing_fails_and_in_the_end_it_is_written(acts: list[Act]) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as faults:
        path = f"{folder}/journal/a"
        journal = UndoJournal(path, HERE, compacted=0)
        live: Live = {}
        for act in acts:
            if act.verb == "full":
                faults.enter_context(limited(*FULL))
            elif act.verb == "no descriptors":
                faults.enter_context(limited(*NO_FILES))
            elif act.verb == "well":
                faults.close()
                journal._again_at = 0.0  # the second has passed
            elif act.verb == "crash":
                faults.close()
                crash(journal)
                behind = journal._behind
                journal = UndoJournal(path, HERE, compacted=0)
                left = {entry.number: entry for entry in journal.left}
                assert behind or left == live
                live = left
            elif live or act.verb == "intend":
                number = play(journal, live, act)
                live = after(live, act, number) if number else live
        faults.close()
        journal.close()

        assert reading(Path(path)).entries == live


def test_the_file_does_not_grow_with_what_is_past(path: str) -> None:
    journal = UndoJournal(path, HERE)
    kept = [intend(journal, b"kept") for _ in range(100)]
    largest = 0
    for _ in range(100_000):
        number = intend(journal, bytes(100), bytes(100))
        journal.done(number)
        journal.undone(number)
        largest = max(largest, os.stat(path).st_size)

    assert largest < 4 << 20
    assert list(reading(Path(path)).entries) == kept
    journal.close()


def test_however_much_is_live_it_is_all_there_when_the_file_was_written_anew(path: str) -> None:
    journal = UndoJournal(path, HERE)
    kept = [intend(journal, bytes(100), bytes(100)) for _ in range(20_000)]
    inode = os.stat(path).st_ino
    while os.stat(path).st_ino == inode:
        for _ in range(1000):
            journal.undone(intend(journal))

    assert list(reading(Path(path)).entries) == kept
    journal.done(kept[0])
    assert reading(Path(path)).entries[kept[0]].done
    journal.close()


def test_it_is_for_us_alone(path: str) -> None:
    journal = UndoJournal(path, HERE)

    assert os.stat(path).st_mode == 0o100600
    assert os.stat(os.path.dirname(path)).st_mode == 0o040700
    journal.close()


def test_two_daemons_cannot_have_it(path: str) -> None:
    journal = UndoJournal(path, HERE)
    number = intend(journal)

    with pytest.raises(JournalTaken) as second:
        UndoJournal(path, HERE)

    assert str(second.value) == f"cannot use the undo journal {path}: another daemon of this name uses it"
    journal.done(number)
    assert [entry.done for entry in reading(Path(path)).entries.values()] == [True]
    journal.close()


def test_it_is_still_locked_when_it_was_written_anew(path: str) -> None:
    journal = UndoJournal(path, HERE, compacted=0)
    inode = os.stat(path).st_ino
    while os.stat(path).st_ino == inode:
        journal.undone(intend(journal))

    with pytest.raises(JournalTaken):
        UndoJournal(path, HERE)

    journal.close()


@contextmanager
def before_locking(act: Callable[[], object]) -> Iterator[None]:
    """Do something when a file is open, and just about to be locked."""
    acts = [act]

    def hook(_frame: FrameType, event: str, called: object) -> None:
        if event == "c_call" and called is fcntl.flock and acts:
            acts.pop()()

    sys.setprofile(hook)
    try:
        yield
    finally:
        sys.setprofile(None)


def test_a_file_that_is_put_away_just_before_it_is_locked_is_not_taken_for_the_journal(path: str) -> None:
    first = UndoJournal(path, HERE)

    with before_locking(first.close):
        second = UndoJournal(path, HERE)

    number = intend(second)
    assert list(reading(Path(path)).entries) == [number]
    with pytest.raises(JournalTaken):
        UndoJournal(path, HERE)
    second.close()


def test_a_file_that_is_exchanged_just_before_it_is_locked_is_not_taken_for_the_journal(path: str) -> None:
    first = UndoJournal(path, HERE)
    number = intend(first)

    with before_locking(first._rewrite), pytest.raises(JournalTaken):
        UndoJournal(path, HERE)

    assert list(reading(Path(path)).entries) == [number]
    first.close()


def test_no_child_inherits_the_lock(path: str) -> None:
    journal = UndoJournal(path, HERE)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, close_fds=False):
        crash(journal)

        UndoJournal(path, HERE).close()


@pytest.mark.parametrize("other", [Identity("another boot", "a namespace"), Identity("a boot", "another")])
def test_entries_of_another_boot_or_namespace_are_dropped_and_counted(path: str, other: Identity) -> None:
    journal = UndoJournal(path, other)
    for _ in range(3):
        journal.done(intend(journal))
    crash(journal)

    here = UndoJournal(path, HERE)

    assert (here.left, here.dropped, here.problem) == ([], 3, "")
    assert reading(Path(path)).identity == HERE
    here.close()


def test_what_cannot_be_told_where_it_is_from_is_never_taken_for_ours(path: str) -> None:
    unknown = Identity("", "")
    journal = UndoJournal(path, unknown)
    intend(journal)
    crash(journal)

    journal = UndoJournal(path, unknown)

    assert (journal.left, journal.dropped) == ([], 1)
    journal.close()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (form.head(HERE)[:8] + struct.pack("<I", 2) + b"who knows", "of a newer version (2)"),
        (b"#!/bin/sh\nexit\n" * 100, "no undo journal"),
        (form.head(HERE)[:-1] + b"x", "no undo journal"),
    ],
)
def test_a_file_that_cannot_be_read_is_kept_and_told(path: str, data: bytes, what: str) -> None:
    os.makedirs(os.path.dirname(path), 0o700)
    Path(path).write_bytes(data)
    Path(f"{path}.kept").write_bytes(b"of an earlier time")

    journal = UndoJournal(path, HERE)

    assert Path(f"{path}.kept").read_bytes() == data
    assert journal.problem == f"{path} was {what}: what it says is not undone; it is kept as {path}.kept"
    number = intend(journal)
    assert list(reading(Path(path)).entries) == [number]
    crash(journal)
    assert UndoJournal(path, HERE).problem == ""


def test_a_newer_daemon_that_runs_is_not_disturbed(path: str) -> None:
    os.makedirs(os.path.dirname(path), 0o700)
    data = form.head(HERE)[:8] + struct.pack("<I", 2)
    Path(path).write_bytes(data)
    with open(path) as newer:
        fcntl.flock(newer, fcntl.LOCK_EX)

        with pytest.raises(JournalTaken):
            UndoJournal(path, HERE)

    assert (os.listdir(os.path.dirname(path)), Path(path).read_bytes()) == (["a"], data)


@pytest.mark.parametrize("rest", [b"", b"x" * 30, form.intended(7, "torn", b"key", b"undo", "main.1")[:-1]])
def test_what_is_torn_is_written_over_and_never_comes_back(path: str, rest: bytes) -> None:
    journal = UndoJournal(path, HERE)
    number = intend(journal)
    crash(journal)
    with open(path, "r+b") as file:
        file.seek(reading(Path(path)).end)
        file.write(rest + form.intended(9, "behind", b"", b"", ""))

    second = UndoJournal(path, HERE)
    second.done(number)  # 17 bytes, less than what was torn

    assert [entry.number for entry in second.left] == ([number] if rest else [number, 9])
    assert reading(Path(path)).entries == {
        entry.number: entry._replace(done=entry.number == number) for entry in second.left
    }
    with open(path, "rb") as file:
        file.seek(reading(Path(path)).end)
        assert not any(file.read())
    crash(second)


def test_without_room_nothing_fails_and_what_was_intended_is_still_told(path: str) -> None:
    journal = UndoJournal(path, HERE)
    numbers = []
    with limited(*FULL):
        while number := intend(journal):
            numbers.append(number)
        assert journal.problem == f"{path}: File too large"
        assert len(numbers) > 1000

        for number in numbers:
            journal.done(number)
        assert [entry.done for entry in reading(Path(path)).entries.values()] == [True] * len(numbers)
        for number in numbers[1:]:
            journal.undone(number)
        assert list(reading(Path(path)).entries) == [numbers[0]]

    new = wait_written(journal)

    assert journal.problem == ""
    assert list(reading(Path(path)).entries) == [numbers[0], new]
    journal.close()


def test_an_inverse_that_found_no_room_is_written_as_soon_as_there_is(path: str) -> None:
    journal = UndoJournal(path, HERE)
    number = intend(journal)
    with limited(*FULL):
        journal.done(number, bytes(200_000))
        assert journal.problem == f"{path}: File too large"
        assert [entry.done for entry in reading(Path(path)).entries.values()] == [False]

    wait_written(journal)

    assert [(entry.done, len(entry.undo)) for entry in reading(Path(path)).entries.values()] == [
        (True, 200_000),
        (False, 4),
    ]
    journal.close()


def test_what_found_no_room_is_written_at_the_end_at_the_latest(path: str) -> None:
    journal = UndoJournal(path, HERE)
    number = intend(journal)
    with limited(*FULL):
        journal.done(number, bytes(200_000))

    journal.close()

    assert [(entry.done, len(entry.undo)) for entry in reading(Path(path)).entries.values()] == [(True, 200_000)]


@pytest.mark.parametrize("waits", [True, False])
def test_what_is_undone_while_nothing_can_be_written_is_written_later(path: str, waits: bool) -> None:
    first = UndoJournal(path, HERE)
    for key in (b"undone", b"done", b"kept"):
        intend(first, key)
    crash(first)
    os.truncate(path, reading(Path(path)).end)
    with limited(resource.RLIMIT_FSIZE, 10):
        second = UndoJournal(path, HERE)
        assert second.problem == f"{path}: File too large"
        undone, done, kept = second.left
        second.undone(undone.number)
        second.done(done.number)
        assert list(reading(Path(path)).entries.values()) == [undone, done, kept]

    new = wait_written(second) if waits else 0
    second.undone(new)
    second.close()

    assert list(reading(Path(path)).entries.values()) == [done._replace(done=True), kept]


def test_what_is_too_large_for_an_entry_is_refused_alone(path: str) -> None:
    journal = UndoJournal(path, HERE)

    assert intend(journal, undo=bytes(form.LARGEST)) == 0
    assert journal.problem.endswith("bytes are too many for one entry")

    number = intend(journal)
    assert journal.problem == ""
    journal.done(number, bytes(form.LARGEST))
    assert reading(Path(path)).entries == {
        number: Entry(number, "route", b"key", b"undo", "main.1 net.ipv4.route", False)
    }
    journal.undone(number)
    journal.close()


def test_without_descriptors_it_begins_when_there_are_some_and_reads_what_was_left(path: str) -> None:
    first = UndoJournal(path, HERE)
    first.done(intend(first, b"of the last daemon"))
    crash(first)
    with limited(*NO_FILES):
        second = UndoJournal(path, HERE)
        assert second.problem == f"{path}: Too many open files"
        assert (second.left, intend(second)) == ([], 0)

    number = wait_written(second)

    assert [entry.key for entry in second.left] == [b"of the last daemon"]
    assert list(reading(Path(path)).entries) == [second.left[0].number, number]
    assert second.problem == ""
    crash(second)


def test_without_descriptors_it_goes_on_in_the_file_that_it_has(path: str) -> None:
    journal = UndoJournal(path, HERE, compacted=0)
    inode = os.stat(path).st_ino
    with limited(*NO_FILES):
        for _ in range(10_000):
            journal.undone(intend(journal))

    assert (os.stat(path).st_ino, journal.problem) == (inode, "")
    journal.close()


def test_a_folder_that_others_may_write_to_is_not_used_before_it_is_ours(path: str) -> None:
    folder = os.path.dirname(path)
    os.makedirs(folder)
    os.chmod(folder, 0o777)

    journal = UndoJournal(path, HERE)

    assert journal.problem == f"{path}: others may write to {folder}"
    assert os.listdir(folder) == []
    os.chmod(folder, 0o700)
    assert wait_written(journal) == 1
    journal.close()


@pytest.mark.parametrize("kind", ["link", "directory", "pipe", "a file above"])
def test_what_is_no_file_is_left_alone(path: str, kind: str, tmp_path: Path) -> None:
    os.makedirs(os.path.dirname(os.path.dirname(path)))
    if kind == "a file above":
        Path(os.path.dirname(path)).write_bytes(b"theirs")
    else:
        os.mkdir(os.path.dirname(path), 0o700)
        (tmp_path / "target").write_bytes(b"theirs")
        match kind:
            case "link":
                os.symlink(tmp_path / "target", path)
            case "directory":
                os.mkdir(path)
            case "pipe":
                os.mkfifo(path)

    journal = UndoJournal(path, HERE)

    assert journal.problem.startswith(f"{path}: ")
    assert intend(journal) == 0
    if kind == "link":
        assert (tmp_path / "target").read_bytes() == b"theirs"
    journal.close()


def test_a_file_that_was_taken_away_does_no_harm_and_that_of_another_daemon_stays(path: str) -> None:
    journal = UndoJournal(path, HERE, compacted=0)
    number = intend(journal)
    os.unlink(path)
    other = UndoJournal(path, HERE)
    theirs = intend(other, b"theirs")

    for _ in range(10_000):
        journal.undone(intend(journal))
    journal.done(number)
    journal.undone(number)
    journal.close()

    assert [entry.key for entry in reading(Path(path)).entries.values()] == [b"theirs"]
    other.undone(theirs)
    other.close()


def test_names_of_daemons_make_names_of_files_of_their_own() -> None:
    names = [
        "netstrata",
        "a",
        "A",
        "a.b",
        "a/b",
        "../a",
        "..",
        ".",
        "",
        "a%2fb",
        "ä",
        "\0",
        "x" * 300,
        "x" * 301,
        "\udcff",
    ]

    paths = [journal_path("/run/netstrata", name) for name in names]

    assert journal_path("/run/netstrata") == paths[0] == f"/run/netstrata/journal/netstrata.{Identity.here().namespace}"
    assert len(set(paths)) == len(names)
    assert {os.path.dirname(path) for path in paths} == {"/run/netstrata/journal"}
    assert all(
        not os.path.basename(path).startswith(".") or name == "" for path, name in zip(paths, names, strict=True)
    )
    assert max(len(os.path.basename(path)) for path in paths) < 200


def test_who_we_are_is_the_same_each_time() -> None:
    assert Identity.here() == Identity.here()
    assert Identity.here().is_known
