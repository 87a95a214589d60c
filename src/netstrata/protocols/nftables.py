"""Messages of nftables: what the kernel tells of tables, chains, rules and sets, and requests to delete them.

Knows nothing of what a rule says, only whether two say the same: the rest is known to nft(8).
Source: linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h.
"""

from struct import Struct
from typing import NamedTuple

from netstrata.protocols.rtnetlink.wire import Malformed, attribute, attributes, message, messages, text_of

GROUP = 7  # NFNLGRP_NFTABLES
GENERATION = "generation"  # what is told last of each transaction
FAMILIES = {"inet": 1, "ip": 2, "arp": 3, "netdev": 5, "bridge": 7, "ip6": 10}
NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP = 0x300

_SUBSYSTEM = 10  # NFNL_SUBSYS_NFTABLES
_BATCH_BEGIN = 0x10
_BATCH_END = 0x11
_HEAD = Struct(">BBH")  # family, version, resource
_U64 = Struct(">Q")
_FAMILY_NAMES = {number: name for name, number in FAMILIES.items()}
_NEW = {0: "table", 3: "chain", 6: "rule", 9: "set", 12: "element", 15: GENERATION, 22: "flowtable"}
_KINDS = {kind: number for number, kind in _NEW.items()}
_DELETED = {number + 2: kind for number, kind in _NEW.items()}
# Attribute numbers: the table's name, the thing's own or its chain's or set's name, its handle (0: it has none).
_CHAIN_POLICY = 5
_TABLE_FLAGS = 2
_DORMANT = 0x1  # NFT_TABLE_F_DORMANT
_SET_TIMEOUT = 11
_SET_USERDATA = 13
_MERGES = 2  # of what nft notes in there for itself: type, length, value; auto-merge (nftables 1.0.6 and 1.1.3)
_ELEMENTS = 3
_ELEMENT_KEY = (1, 10, 3)  # NFTA_SET_ELEM_KEY, KEY_END, FLAGS
_ELEMENT_GIVES = (2, 9, 4)  # NFTA_SET_ELEM_DATA, OBJREF, TIMEOUT
_RULE_EXPRESSIONS = 4
_RULE_USERDATA = 7  # a comment
_NAME, _DATA = 1, 2  # NFTA_EXPR_NAME, NFTA_EXPR_DATA
_STATES = (b"counter\0", b"quota\0", b"last\0")  # expressions whose data change with the packets that come by
_LOOKUP = b"lookup\0"
_LOOKUP_SET = 1  # NFTA_LOOKUP_SET; a set that a rule has for itself is numbered: __set0
_OWN_SETS = (b"__set", b"__map")
_ATTRIBUTES = {
    "table": (1, 1, 4), "chain": (1, 3, 2), "rule": (1, 2, 3), "set": (1, 2, 16), "element": (1, 2, 0),
    "flowtable": (1, 2, 5), GENERATION: (0, 0, 0),
}  # fmt: skip
_COMMENT = 0  # of what nft notes of a rule


class NftObject(NamedTuple):
    """Something that is there, or that has been deleted.

    Shapes: name is "" with a table, the chain with a rule, the set with elements, of which it may be several.
    """

    kind: str
    deleted: bool
    family: str
    table: str
    name: str
    handle: int
    port: int  # of the socket that asked for it
    policy: int = -1  # of a base chain: 0 drop, 1 accept
    says: bytes = b""  # of a rule or elements, in the kernel's form: see `says_the_same` and `elements_of`
    comment: bytes = b""
    merges: bool = False  # of a set: nft joins elements that touch, and none of them is there by itself then
    dormant: bool = False  # of a table: no packet comes to its chains
    timeout_ms: int = 0  # of a set: after which its elements go by themselves, 0 if they do not


def read_objects(datagram: bytes) -> list[NftObject]:
    """Read all that a datagram tells, oldest first; what is of no use here, or makes no sense, is left out."""
    found: list[NftObject] = []
    try:
        for one in messages(datagram, len(datagram)):
            number = one.type & 0xFF
            deleted = number in _DELETED
            kind = _DELETED.get(number) or _NEW.get(number)
            if one.type >> 8 == _SUBSYSTEM and kind is not None and one.end - one.start >= _HEAD.size:
                found.append(_told(datagram, kind, deleted, one.port, one.start, one.end))
    except Malformed:
        return found
    return found


def _told(data: bytes, kind: str, deleted: bool, port: int, start: int, end: int) -> NftObject:
    of_table, of_name, of_handle = _ATTRIBUTES[kind]
    table = name = ""
    handle = 0
    policy = -1
    says = comment = b""
    merges, dormant, timeout_ms = False, False, 0
    for number, first, last in attributes(data, start + _HEAD.size, end):
        if number == of_table:
            table = text_of(data, first, last)
        elif number == of_name:
            name = text_of(data, first, last)
        elif number == of_handle and last - first == 8:
            handle = _U64.unpack_from(data, first)[0]
        elif number == _CHAIN_POLICY and kind == "chain" and last - first == 4:
            policy = int.from_bytes(data[first:last], "big")
        elif number == _TABLE_FLAGS and kind == "table" and last - first == 4:
            dormant = bool(int.from_bytes(data[first:last], "big") & _DORMANT)
        elif kind == "set" and number == _SET_TIMEOUT and last - first == 8:
            timeout_ms = _U64.unpack_from(data, first)[0]
        elif kind == "set" and number == _SET_USERDATA:
            merges = _merges(data[first:last])
        elif number == (_RULE_EXPRESSIONS if kind == "rule" else _ELEMENTS) and kind in ("rule", "element"):
            says = data[first:last]
        elif kind == "rule" and number == _RULE_USERDATA:
            comment = data[first:last]
    family = _FAMILY_NAMES.get(data[start], "")
    return NftObject(
        kind, deleted, family, table, name, handle, port, policy, says, comment, merges, dormant, timeout_ms
    )


def _merges(notes: bytes) -> bool:
    """Say whether nft has noted of a set that it merges."""
    return any(_note(notes, _MERGES))


def _note(notes: bytes, wanted: int) -> bytes:
    """Return one of the things that nft has noted for itself, each with a type and a length; b"" if it is not there."""
    at = 0
    while at + 2 <= len(notes):
        number, size = notes[at], notes[at + 1]
        if number == wanted:
            return notes[at + 2 : at + 2 + size]
        at += 2 + size
    return b""


def has_comment(one: NftObject, comment: str) -> bool:
    """Say whether a rule has a comment, which is not empty."""
    return bool(comment) and _note(one.comment, _COMMENT).rstrip(b"\0") == comment.encode("utf-8", "surrogateescape")


def says_the_same(one: NftObject, other: NftObject) -> bool:
    """Say whether two rules are copies of each other, whatever they have counted."""
    try:
        return one.comment == other.comment and _expressions(one.says) == _expressions(other.says)
    except Malformed:
        return False


def elements_of(one: NftObject) -> list[tuple[bytes, bytes]]:
    """Return what is told of elements: their keys, and what each gives, a value and how long it lasts."""
    found: list[tuple[bytes, bytes]] = []
    try:
        for _, start, end in attributes(one.says, 0, len(one.says)):
            parts = {number: one.says[first:last] for number, first, last in attributes(one.says, start, end)}
            found.append((_joined(parts, _ELEMENT_KEY), _joined(parts, _ELEMENT_GIVES)))
    except Malformed:
        return []
    return found


def _joined(parts: dict[int, bytes], numbers: tuple[int, ...]) -> bytes:
    return b"/".join(parts.get(number, b"") for number in numbers)


def _expressions(data: bytes) -> list[tuple[bytes, ...]]:
    """Return the expressions of a rule, without what tells copies apart."""
    return [_expression(data, first, last) for _, first, last in attributes(data, 0, len(data))]


def _expression(data: bytes, start: int, end: int) -> tuple[bytes, ...]:
    parts = {number: (first, last) for number, first, last in attributes(data, start, end)}
    if _NAME not in parts or _DATA not in parts:
        return (data[start:end],)
    name = data[slice(*parts[_NAME])]
    if name in _STATES:
        return (name,)
    if name != _LOOKUP:
        return (name, data[slice(*parts[_DATA])])
    inner = [(number, data[first:last]) for number, first, last in attributes(data, *parts[_DATA])]
    return (name, *(value for number, value in inner if number != _LOOKUP_SET or not value.startswith(_OWN_SETS)))


def deletion(sequence: int, kind: str, family: str, table: str, name: str, handle: int) -> bytes:
    """Return the transaction that deletes one thing by its handle; its answer carries `sequence` + 1."""
    of_table, of_name, of_handle = _ATTRIBUTES[kind]
    body = _HEAD.pack(FAMILIES[family], 0, 0)
    if kind != "table":
        body += attribute(of_table, _name(table))
    if kind == "rule":
        body += attribute(of_name, _name(name))
    body += attribute(of_handle, _U64.pack(handle))
    batch = _HEAD.pack(0, 0, _SUBSYSTEM)
    delete = _SUBSYSTEM << 8 | _KINDS[kind] + 2
    return (
        message(_BATCH_BEGIN, NLM_F_REQUEST, sequence, batch)
        + message(delete, NLM_F_REQUEST | NLM_F_ACK, sequence + 1, body)
        + message(_BATCH_END, NLM_F_REQUEST, sequence + 2, batch)
    )


def listing(sequence: int, kind: str) -> bytes:
    """Return the request to list all things of a kind."""
    get = _SUBSYSTEM << 8 | _KINDS[kind] + 1
    return message(get, NLM_F_REQUEST | NLM_F_DUMP, sequence, _HEAD.pack(0, 0, 0))


def question(sequence: int, family: str, table: str, name: str) -> bytes:
    """Return the request to tell of one set."""
    of_table, of_name, _ = _ATTRIBUTES["set"]
    body = _HEAD.pack(FAMILIES[family], 0, 0) + attribute(of_table, _name(table)) + attribute(of_name, _name(name))
    return message(_SUBSYSTEM << 8 | _KINDS["set"] + 1, NLM_F_REQUEST, sequence, body)


def _name(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape") + b"\0"
