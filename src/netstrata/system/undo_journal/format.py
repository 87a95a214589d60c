"""The bytes of an undo journal: a head, and records that are only ever appended.

    head      "netundo\\n", version, length, identity as text, checksum
    record    checksum, length, what it says, number of the entry, what else it says

    1 intended   lengths of kind, key and inverse; kind, key, inverse, holder
    2 done       -
    3 undone     -
    4 done with  inverse: it takes the place of the one that was intended
    5 held by    holder: another one

Records are read up to the first that is torn or broken: the rest is not what was written.  Behind them are zeros, which
are no record.  Magic and version stay where they are in every later version.

Shapes: integers are little-endian; a checksum is the CRC-32 of all that follows it in its record, in the head of all
that is before it; numbers of entries only grow.
"""

import struct
from collections.abc import Iterator
from itertools import repeat
from typing import BinaryIO, Final, NamedTuple
from zlib import crc32

from netstrata.system.undo_journal.identity import Identity

VERSION: Final = 1
LARGEST: Final = 1 << 24  # bytes of a record: what a reader is ready to hold
LARGEST_FILE: Final = 1 << 28
_LAST_NUMBER: Final = (1 << 63) - 1
_MAGIC: Final = b"netundo\n"
_LARGEST_IDENTITY: Final = 4096
INTENDED, DONE, UNDONE, DONE_WITH, HELD_BY = range(1, 6)

_HEAD = struct.Struct("<8sII")
FRAME: Final = struct.Struct("<IIBQ")
_LENGTHS = struct.Struct("<III")
_CHECKSUM = struct.Struct("<I")
_pack_checksum = _CHECKSUM.pack
_pack_short = struct.Struct("<IBQ").pack  # a frame without its checksum
_pack_intended = struct.Struct("<IBQIII").pack
_SHORTEST = 9  # what the length of a record counts at least: what it says, and of which entry
_pack_frame = FRAME.pack
_pack_number = struct.Struct("<Q").pack
_CHECKSUMS = tuple(crc32(struct.pack("<IB", _SHORTEST, what)) for what in range(6))  # of what is before the number
SHORT: Final = FRAME.size
"""The bytes of a record that says nothing else."""
_BEFORE: Final = SHORT - _SHORTEST  # bytes of a record that its length does not count
_TEXTS: Final = SHORT + _LENGTHS.size  # where what an intention says begins
_AT_ONCE: Final = 1 << 18  # bytes to read


class Entry(NamedTuple):
    """One thing that a daemon did, or was about to do."""

    number: int  # order of doing, unique in the file
    kind: str  # "address", "route", …: who knows how to undo it
    key: bytes  # which one
    undo: bytes  # what its keeper needs to undo it
    holder: str  # place in the program, for people: "wan.3 net.ipv4.addr"
    done: bool  # False: about to be done when the daemon ended; it may or may not stand


class JournalReading(NamedTuple):
    """What a file says."""

    version: int  # 0: it is no journal
    identity: Identity
    entries: dict[int, Entry]  # that are live, by number
    records: dict[int, bytes]  # of those that are still as they were intended
    end: int  # of the last good record
    last: int  # number that was used


def head(identity: Identity) -> bytes:
    """Return the head of a file."""
    text = "\n".join(identity).encode()
    body = _HEAD.pack(_MAGIC, VERSION, len(text)) + text
    return body + _pack_checksum(crc32(body))


def intended(number: int, kind: str, key: bytes, undo: bytes, holder: str) -> bytes:
    """Return the record of what is about to be done."""
    try:
        name, place = kind.encode(), holder.encode()
    except UnicodeEncodeError:  # half a character, which takes longer
        name, place = kind.encode("utf-8", "surrogatepass"), holder.encode("utf-8", "surrogatepass")
    of_name, of_key, of_undo = len(name), len(key), len(undo)
    length = 21 + of_name + of_key + of_undo + len(place)
    head = _pack_intended(length, INTENDED, number, of_name, of_key, of_undo)
    body = b"".join((head, name, key, undo, place))
    return _pack_checksum(crc32(body)) + body


def short(what: int, number: int) -> bytes:
    """Return a record that says one thing of an entry."""
    return _pack_frame(crc32(_pack_number(number), _CHECKSUMS[what]), _SHORTEST, what, number)


def shorts(what: int, numbers: list[int]) -> bytes:
    """Return records that say one thing of each of some entries."""
    checksums = map(crc32, map(_pack_number, numbers), repeat(_CHECKSUMS[what]))
    return b"".join(map(_pack_frame, checksums, repeat(_SHORTEST), repeat(what), numbers))


def done_with(number: int, undo: bytes) -> bytes:
    """Return the record of what is done, and is to be undone in another way than was intended."""
    return _long(DONE_WITH, number, undo)


def held_by(number: int, holder: str) -> bytes:
    """Return the record of an entry that another place of a program holds."""
    return _long(HELD_BY, number, holder.encode("utf-8", "surrogatepass"))


def _long(what: int, number: int, rest: bytes) -> bytes:
    body = _pack_short(_SHORTEST + len(rest), what, number) + rest
    return _pack_checksum(crc32(body)) + body


def read(file: BinaryIO) -> JournalReading:
    """Read a file from its head to the first record that is not whole; nothing in it can make this fail.

    Raises: OSError if it cannot be read.
    """
    version, identity, end = _read_head(file)
    live = _Live()
    last = 0
    if version == VERSION:
        for what, number, record in _records(file):
            if what == INTENDED:
                if not last < number <= _LAST_NUMBER or not live.begin(number, record):
                    break
                last = number
            elif not live.follow(what, number, record):
                break
            end += len(record)
            if end > LARGEST_FILE:
                break
    return JournalReading(version, identity, live.entries(), live.unchanged(), end, last)


def _read_head(file: BinaryIO) -> tuple[int, Identity, int]:
    """Return version, identity and length of a head; version 0 if there is none, or it is broken."""
    nothing = (0, Identity("", ""), 0)
    fixed = file.read(_HEAD.size)
    if len(fixed) < _HEAD.size:
        return nothing
    magic, version, length = _HEAD.unpack(fixed)
    if magic != _MAGIC:
        return nothing
    if version != VERSION:
        return version, Identity("", ""), 0
    if length > _LARGEST_IDENTITY:
        return nothing
    text = file.read(length)
    if file.read(_CHECKSUM.size) != _pack_checksum(crc32(fixed + text)):
        return nothing
    boot, _, namespace = text.decode("utf-8", "replace").partition("\n")
    return version, Identity(boot, namespace), _HEAD.size + length + _CHECKSUM.size


def _records(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Yield what each record says, of which entry, and all of it."""
    unpack = FRAME.unpack_from
    data = file.read(_AT_ONCE)
    at = 0
    while True:
        if len(data) - at < SHORT:
            data = data[at:] + file.read(_AT_ONCE)
            at = 0
            if len(data) < SHORT:
                return
        checksum, length, what, number = unpack(data, at)
        if not _SHORTEST <= length <= LARGEST:
            return
        stop = at + _BEFORE + length
        if stop > len(data):
            data = data[at:] + file.read(stop - len(data) + _AT_ONCE)
            at, stop = 0, stop - at
        if stop > len(data) or crc32(data[at + _CHECKSUM.size : stop]) != checksum:
            return
        yield what, number, data[at:stop]
        at = stop


class _Live:
    """What is live so far; nothing is decoded that is undone later."""

    __slots__ = ("_done", "_holders", "_records", "_undos")

    def __init__(self) -> None:
        self._records: dict[int, bytes] = {}  # as they were intended
        self._done: set[int] = set()
        self._undos: dict[int, bytes] = {}  # where it is another one than was intended
        self._holders: dict[int, bytes] = {}

    def begin(self, number: int, record: bytes) -> bool:
        """Have one more entry; False if the lengths in its record do not fit."""
        if len(record) < _TEXTS or _TEXTS + sum(_LENGTHS.unpack_from(record, SHORT)) > len(record):
            return False
        self._records[number] = record
        return True

    def follow(self, what: int, number: int, record: bytes) -> bool:
        """Do to an entry what a record says of it; False if nobody can have written that."""
        if number not in self._records:
            return False
        if what == DONE:
            self._done.add(number)
        elif what == UNDONE:
            del self._records[number]
        elif what == DONE_WITH:
            self._done.add(number)
            self._undos[number] = record[SHORT:]
        elif what == HELD_BY:
            self._holders[number] = record[SHORT:]
        else:
            return False
        return True

    def entries(self) -> dict[int, Entry]:
        """Return all of them."""
        found = {number: entry(number, record, number in self._done) for number, record in self._records.items()}
        for number in self._undos.keys() & found.keys():
            found[number] = found[number]._replace(undo=self._undos[number])
        for number in self._holders.keys() & found.keys():
            found[number] = found[number]._replace(holder=_text(self._holders[number]))
        return found

    def unchanged(self) -> dict[int, bytes]:
        """Return the records of those that are still as they were intended."""
        changed = self._undos.keys() | self._holders.keys()
        return {number: record for number, record in self._records.items() if number not in changed}


def entry(number: int, record: bytes, done: bool) -> Entry:
    """Return what the record of an intention says."""
    of_kind, of_key, of_undo = _LENGTHS.unpack_from(record, SHORT)
    key = _TEXTS + of_kind
    undo = key + of_key
    holder = undo + of_undo
    return Entry(number, _text(record[_TEXTS:key]), record[key:undo], record[undo:holder], _text(record[holder:]), done)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "backslashreplace")
