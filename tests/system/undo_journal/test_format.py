"""What is read of a file that is torn, broken or made by somebody who means harm."""

import io
import struct
import tracemalloc
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.system.undo_journal import format as form
from netstrata.system.undo_journal.format import DONE, SHORT, UNDONE, Entry, JournalReading, read
from netstrata.system.undo_journal.identity import Identity

HERE = Identity("a boot", "a namespace")
HEAD = form.head(HERE)
TEXTS = st.text(st.characters(), max_size=5)  # with halves of characters, too
BYTES = st.binary(max_size=20)


def of(data: bytes) -> JournalReading:
    return read(io.BytesIO(data))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[bytes], list[dict[int, Entry]]]:
    """Draw records, and what is live after none of them, the first, and so on."""
    records: list[bytes] = []
    states: list[dict[int, Entry]] = [{}]
    number = 0
    for _ in range(draw(st.integers(0, 8))):
        live = dict(states[-1])
        what = draw(st.integers(0, 4)) if live else 0
        if what == 0:
            number += draw(st.integers(1, 1 << 40))
            entry = Entry(number, draw(TEXTS), draw(BYTES), draw(BYTES), draw(TEXTS), False)
            live[number] = entry
            records.append(form.intended(number, entry.kind, entry.key, entry.undo, entry.holder))
        else:
            which = draw(st.sampled_from(sorted(live)))
            if what == 1:
                live[which] = live[which]._replace(done=True)
                records.append(form.short(DONE, which))
            elif what == 2:
                del live[which]
                records.append(form.short(UNDONE, which))
            elif what == 3:
                live[which] = live[which]._replace(done=True, undo=draw(BYTES))
                records.append(form.done_with(which, live[which].undo))
            else:
                live[which] = live[which]._replace(holder=draw(TEXTS))
                records.append(form.held_by(which, live[which].holder))
        states.append(live)
    return records, states


@given(histories(), st.integers(0, 100))
def test_every_prefix_of_a_file_is_a_prefix_of_the_history(
    history: tuple[list[bytes], list[dict[int, Entry]]], room: int
) -> None:
    records, states = history
    ends = [len(HEAD)]
    for record in records:
        ends.append(ends[-1] + len(record))
    data = b"".join([HEAD, *records])

    for length in range(len(data) + 1):
        for torn in (data[:length], data[:length] + bytes(room)):  # cut off, or not written any further
            whole = sum(torn.startswith(data[:end]) for end in ends) - 1  # zeros that lacked may be there after all
            found = of(torn)
            assert (found.entries, found.end) == (states[whole] if whole >= 0 else {}, ends[whole] if whole >= 0 else 0)


@given(histories(), st.integers(0, 7))
def test_a_flipped_bit_ends_the_reading_there(history: tuple[list[bytes], list[dict[int, Entry]]], bit: int) -> None:
    records, states = history
    ends = [len(HEAD)]
    for record in records:
        ends.append(ends[-1] + len(record))
    good = b"".join([HEAD, *records, bytes(64)])

    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1 << bit
        whole = sum(end <= at for end in ends) - 1
        assert of(bytes(bad)).entries == (states[whole] if whole >= 0 else {})


@given(st.binary(max_size=200), st.booleans())
def test_nothing_in_a_file_makes_the_reader_fail(data: bytes, has_head: bool) -> None:
    found = of((HEAD if has_head else b"") + data)

    assert found.version == (form.VERSION if has_head else found.version)


def checked(body: bytes) -> bytes:
    return struct.pack("<I", crc32(body)) + body


@pytest.mark.parametrize(
    "record",
    [
        checked(struct.pack("<IBQ", 0, 1, 9)),
        checked(struct.pack("<IBQ", 8, 1, 9)),
        checked(struct.pack("<IBQ", 0xFFFFFFFF, 1, 9)),
        checked(struct.pack("<IBQ", form.LARGEST, 1, 9)),
        checked(struct.pack("<IBQ", 9, 1, 9)),  # an intention without lengths
        checked(struct.pack("<IBQIII", 21, 1, 9, 1, 0, 0)),  # with lengths that are longer than it
        checked(struct.pack("<IBQIII", 21, 1, 9, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)),
        checked(struct.pack("<IBQ", 9, 0, 1)),
        checked(struct.pack("<IBQ", 9, 99, 1)),  # a thing that nobody says
        form.short(DONE, 2),  # of an entry that is not there
        form.short(UNDONE, 1 << 63),
        form.intended(1, "again", b"", b"", ""),  # a number that was used
        form.intended(0, "zero", b"", b"", ""),
        form.intended((1 << 64) - 1, "no other could follow", b"", b"", ""),
    ],
)
def test_a_record_that_nobody_can_have_written_ends_the_reading(record: bytes) -> None:
    good = HEAD + form.intended(1, "kind", b"key", b"undo", "main.1")

    found = of(good + record + form.short(UNDONE, 1))

    assert found.end == len(good)
    assert found.entries == {1: Entry(1, "kind", b"key", b"undo", "main.1", False)}


def test_what_a_file_claims_to_hold_takes_no_memory_unless_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    claims = struct.pack("<IIBQIII", 0, form.LARGEST, 1, 1, 1 << 31, 1 << 31, 1 << 31)
    path.write_bytes(HEAD + claims)
    with path.open("r+b") as file:
        file.truncate(1 << 40)  # a hole
    tracemalloc.start()

    with path.open("rb") as file:
        found = read(file)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.entries == {}
    assert peak < 3 * form.LARGEST


def test_records_are_read_whole_wherever_a_piece_of_the_file_ends() -> None:
    sizes = [*range(1, 4_000), 3 * form._AT_ONCE, 5, form._AT_ONCE]
    data = HEAD + b"".join(form.intended(n, "kind", b"k" * size, b"", "") for n, size in enumerate(sizes, 1))

    found = of(data)

    assert [len(entry.key) for entry in found.entries.values()] == sizes
    assert found.end == len(data)
    assert HEAD + b"".join(found.records.values()) == data


def test_what_is_not_as_it_was_intended_has_no_record_of_its_own() -> None:
    records = [form.intended(n, "kind", b"key", b"", "main.1") for n in range(1, 6)]
    after = [form.short(DONE, 1), form.done_with(2, b"other"), form.held_by(3, "main.2"), form.short(UNDONE, 4)]

    found = of(HEAD + b"".join(records + after))

    assert found.records == {1: records[0], 5: records[4]}


def test_many_short_records_are_those_that_are_made_one_by_one() -> None:
    numbers = [1, 3, 1 << 40, form._LAST_NUMBER]

    assert form.shorts(UNDONE, numbers) == b"".join(form.short(UNDONE, number) for number in numbers)


def test_a_reader_goes_no_further_than_the_largest_file() -> None:
    class Endless(io.RawIOBase):
        """The same entry made and undone for ever."""

        def __init__(self) -> None:
            self._number = 0
            self._left = HEAD
            self._undo = bytes(form.LARGEST - 100)

        def read(self, size: int = -1) -> bytes:
            while len(self._left) < size:
                self._number += 1
                self._left += form.intended(self._number, "", b"", self._undo, "") + form.short(UNDONE, self._number)
            data, self._left = self._left[:size], self._left[size:]
            return data

    found = read(Endless())  # type: ignore[arg-type]

    assert found.end <= form.LARGEST_FILE + form.LARGEST


def test_a_broken_or_newer_head_says_nothing() -> None:
    newer = HEAD[:8] + struct.pack("<I", 2) + HEAD[12:]

    assert of(b"").version == 0
    assert of(b"#!/bin/sh\nexit\n" * 10).version == 0
    assert of(HEAD[:8] + struct.pack("<II", 1, 0xFFFFFFFF)).version == 0
    assert of(newer)[:1] == (2,)
    assert of(newer).entries == {}


def test_a_record_that_says_one_thing_has_the_length_that_is_kept_free_for_it() -> None:
    assert len(form.short(DONE, 1)) == len(form.short(UNDONE, 1 << 62)) == SHORT
