"""Messages of nftables: what the kernel tells of tables, chains, rules and sets, and requests to delete them.

Knows nothing of what a rule says: only nft(8) does.
Source: linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h.
"""

from struct import Struct
from typing import NamedTuple

from netstrata.protocols.rtnetlink.wire import Malformed, attribute, attributes, message, messages, text_of

GROUP = 7  # NFNLGRP_NFTABLES
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
_NEW = {0: "table", 3: "chain", 6: "rule", 9: "set", 12: "element"}
_KINDS = {kind: number for number, kind in _NEW.items()}
# Attribute numbers: the table's name, the thing's own or its chain's or set's name, its handle (0: it has none).
_CHAIN_POLICY = 5
_ATTRIBUTES = {"table": (1, 1, 4), "chain": (1, 3, 2), "rule": (1, 2, 3), "set": (1, 2, 16), "element": (1, 2, 0)}


class Told(NamedTuple):
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


def read_told(datagram: bytes) -> list[Told]:
    """Read all that a datagram tells, oldest first; what is of no use here, or makes no sense, is left out."""
    found: list[Told] = []
    try:
        for one in messages(datagram, len(datagram)):
            number = one.type & 0xFF
            deleted = number % 3 == 2
            kind = _NEW.get(number - 2 if deleted else number)
            if one.type >> 8 == _SUBSYSTEM and kind is not None and one.end - one.start >= _HEAD.size:
                found.append(_told(datagram, kind, deleted, one.port, one.start, one.end))
    except Malformed:
        return found
    return found


def _told(data: bytes, kind: str, deleted: bool, port: int, start: int, end: int) -> Told:
    of_table, of_name, of_handle = _ATTRIBUTES[kind]
    table = name = ""
    handle = 0
    policy = -1
    for number, first, last in attributes(data, start + _HEAD.size, end):
        if number == of_table:
            table = text_of(data, first, last)
        elif number == of_name:
            name = text_of(data, first, last)
        elif number == of_handle and last - first == 8:
            handle = _U64.unpack_from(data, first)[0]
        elif number == _CHAIN_POLICY and kind == "chain" and last - first == 4:
            policy = int.from_bytes(data[first:last], "big")
    return Told(kind, deleted, _FAMILY_NAMES.get(data[start], ""), table, name, handle, port, policy)


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


def _name(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape") + b"\0"
