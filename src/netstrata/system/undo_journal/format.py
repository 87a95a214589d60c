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


class Entry(NamedTuple):
    """One thing that a daemon did, or was about to do."""

    number: int  # order of doing, unique in the file
    kind: str  # "address", "route", …: who knows how to undo it
    key: bytes  # which one
    undo: bytes  # what its keeper needs to undo it
    holder: str  # place in the program, for people: "wan.3 net.ipv4.addr"
    done: bool  # False: about to be done when the daemon ended; it may or may not stand


class JournalReading(NamedTuple):
    """What a file says: entries that are live, by number; where the last good record ends; the last number used."""

    version: int  # 0: it is no journal
    identity: Identity
    entries: dict[int, Entry]
    end: int
    last: int


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
    body = _pack_intended(length, INTENDED, number, of_name, of_key, of_undo) + name + key + undo + place
    return _pack_checksum(crc32(body)) + body


def short(what: int, number: int) -> bytes:
    """Return a record that says one thing of an entry."""
    return _pack_frame(crc32(_pack_number(number), _CHECKSUMS[what]), _SHORTEST, what, number)


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
    entries: dict[int, Entry] = {}
    last = 0
    if version == VERSION:
        for what, number, rest in _records(file):
            if what == INTENDED:
                found = entry(number, rest)
                if found is None or not last < number <= _LAST_NUMBER:
                    break
                entries[number] = found
                last = number
            elif not _follow(entries, what, number, rest):
                break
            end += SHORT + len(rest)
            if end > LARGEST_FILE:
                break
    return JournalReading(version, identity, entries, end, last)


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
    """Yield what each record says, of which entry, and what else."""
    while len(frame := file.read(SHORT)) == SHORT:
        checksum, length, what, number = FRAME.unpack(frame)
        if not _SHORTEST <= length <= LARGEST:
            return
        rest = file.read(length - _SHORTEST) if length > _SHORTEST else b""
        if crc32(rest, crc32(frame[4:])) != checksum or len(rest) != length - _SHORTEST:
            return
        yield what, number, rest


def entry(number: int, rest: bytes) -> Entry | None:
    """Return what an intention says behind its frame, None if that does not fit."""
    if len(rest) < _LENGTHS.size:
        return None
    of_kind, of_key, of_undo = _LENGTHS.unpack_from(rest)
    key = _LENGTHS.size + of_kind
    undo = key + of_key
    holder = undo + of_undo
    if holder > len(rest):
        return None
    kind = _text(rest[_LENGTHS.size : key])
    return Entry(number, kind, rest[key:undo], rest[undo:holder], _text(rest[holder:]), done=False)


def _follow(entries: dict[int, Entry], what: int, number: int, rest: bytes) -> bool:
    """Do to an entry what a record says of it; False if nobody can have written that."""
    found = entries.get(number)
    if found is None:
        return False
    if what == DONE:
        entries[number] = found._replace(done=True)
    elif what == UNDONE:
        del entries[number]
    elif what == DONE_WITH:
        entries[number] = found._replace(undo=rest, done=True)
    elif what == HELD_BY:
        entries[number] = found._replace(holder=_text(rest))
    else:
        return False
    return True


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "backslashreplace")
