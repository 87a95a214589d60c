"""Messages about what a link lets through: queueing disciplines, classes, and the policing of what comes in.

Shapes: rates are bytes per second, a burst is bytes.
Source: linux/pkt_sched.h, linux/pkt_cls.h; tc-htb(8), tc-tbf(8), tc-cake(8), tc-police(8).
"""

from collections.abc import Iterator
from struct import Struct
from sys import byteorder
from typing import Final, NamedTuple

from netstrata.protocols.rtnetlink.constants import AF_UNSPEC
from netstrata.protocols.rtnetlink.wire import U32, Malformed, Octets, attribute, attributes, text_of

TCMSG = Struct("=BxxxiIII")  # family, link, handle, parent, info
TC_H_ROOT: Final = 0xFFFFFFFF
TC_H_INGRESS: Final = 0xFFFFFFF1
INGRESS_FILTERS: Final = 0xFFFFFFF2
INGRESS_HANDLE: Final = 0xFFFF0000
OUR_HANDLE: Final = 0x6E730000  # "ns": what is under it is ours
OUR_PRIORITY: Final = 0x6E73
_ALL_PROTOCOLS: Final = int.from_bytes(b"\0\3", byteorder)  # ETH_P_ALL in network order
_KIND, _OPTIONS = 1, 2
_U64 = Struct("=Q")
_RATE = Struct("=BBHhHI")  # cell_log, linklayer, overhead, cell_align, mpu, rate
_TBF = Struct("=12s12xIII")  # rate, peakrate, limit, buffer, mtu
_HTB_CLASS = Struct("=12s12sIIIII")  # rate, ceil, buffer, cbuffer, quantum, level, prio
_HTB = Struct("=IIIII")  # version, rate2quantum, default class, debug, direct packets
_POLICE = Struct("=IiIII12s12xiiI")  # index, action, limit, burst, mtu, rate, peakrate, ref, bind, capabilities
_ETHERNET = 1
_SHOT = 2
_TICK_NS = 64
_LARGEST = 2**32 - 1
_MATCHALL_ACT, _ACT_KIND, _ACT_OPTIONS, _POLICE_TBF, _POLICE_RATE, _POLICE_RATE64 = 2, 1, 2, 1, 2, 8
_TBF_PARMS, _TBF_RATE64, _TBF_BURST = 1, 4, 6
_HTB_PARMS, _HTB_INIT, _HTB_RATE64, _HTB_CEIL64 = 1, 2, 6, 7
_CAKE_RATE64 = 2
_CELL_LOG = 9  # the kernel looks up sizes in a table of 256 steps of so many bits
_MOST_BYTES = 70000  # in one packet, as offloads make them


class Queue(NamedTuple):
    """A queueing discipline, class or filter as the kernel tells it; rate 0 if it limits nothing."""

    ifindex: int
    handle: int
    parent: int
    info: int
    kind: str
    rate: int


def burst_of(rate: int) -> int:
    """Return how many bytes may pass at once: what passes in 10 ms, at least two full packets of an offload."""
    return max(rate // 100, 2 * _MOST_BYTES)


def encode_queue(ifindex: int, parent: int, handle: int, kind: str = "", rate: int = 0) -> bytes:
    """Return the body of a message that makes or deletes a queueing discipline; no kind is left out."""
    body = TCMSG.pack(AF_UNSPEC, ifindex, handle, parent, 0)
    if not kind:
        return body
    body += attribute(_KIND, kind.encode() + b"\0")
    if kind == "htb":
        return body + attribute(_OPTIONS, attribute(_HTB_INIT, _HTB.pack(3, 10, 1, 0, 0)))
    if kind == "tbf":
        limit = min(rate // 20 + burst_of(rate), _LARGEST)  # 50 ms
        parms = _TBF.pack(_rate(rate), limit, _ticks(rate, burst_of(rate)), 0)
        more = attribute(_TBF_BURST, U32.pack(burst_of(rate))) + _wide(_TBF_RATE64, rate)
        return body + attribute(_OPTIONS, attribute(_TBF_PARMS, parms) + more)
    return body + (attribute(_OPTIONS, attribute(_CAKE_RATE64, _U64.pack(rate))) if kind == "cake" and rate else b"")


def encode_class(ifindex: int, handle: int, rate: int) -> bytes:
    """Return the body of an RTM_NEWTCLASS: the only class of an HTB."""
    ticks = _ticks(rate, burst_of(rate))
    parms = _HTB_CLASS.pack(_rate(rate), _rate(rate), ticks, ticks, 0, 0, 0)
    wide = _wide(_HTB_RATE64, rate) + _wide(_HTB_CEIL64, rate)
    options = attribute(_OPTIONS, attribute(_HTB_PARMS, parms) + wide)
    return TCMSG.pack(AF_UNSPEC, ifindex, handle | 1, handle, 0) + attribute(_KIND, b"htb\0") + options


def encode_police(ifindex: int, rate: int = 0) -> bytes:
    """Return the body of an RTM_NEWTFILTER, or without a rate of an RTM_DELTFILTER: drop what comes in too fast."""
    body = TCMSG.pack(AF_UNSPEC, ifindex, 0, INGRESS_FILTERS, OUR_PRIORITY << 16 | _ALL_PROTOCOLS)
    if not rate:
        return body
    burst = max(rate // 10, 2 * _MOST_BYTES)  # what waits nowhere needs more
    police = _POLICE.pack(0, _SHOT, 0, _ticks(rate, burst), _MOST_BYTES, _rate(rate), 0, 0, 0)
    steps = b"".join(U32.pack(_ticks(rate, (step + 1) << _CELL_LOG)) for step in range(256))
    options = attribute(_POLICE_TBF, police) + attribute(_POLICE_RATE, steps) + _wide(_POLICE_RATE64, rate)
    action = attribute(1, attribute(_ACT_KIND, b"police\0") + attribute(_ACT_OPTIONS, options))
    return body + attribute(_KIND, b"matchall\0") + attribute(_OPTIONS, attribute(_MATCHALL_ACT, action))


def ask_queues(ifindex: int = 0, parent: int = 0) -> bytes:
    """Return the body of a dump: of all disciplines, or of one link's classes or filters."""
    return TCMSG.pack(AF_UNSPEC, ifindex, 0, parent, 0)


def queue_link(data: Octets, start: int, end: int) -> int:
    """Read from a message whose it is.

    Raises: Malformed.
    """
    if end - start < TCMSG.size:
        raise Malformed(f"a queue in {end - start} bytes")
    ifindex: int = TCMSG.unpack_from(data, start)[1]
    return ifindex


def decode_queue(data: Octets, start: int, end: int) -> Queue:
    """Read a message about a queueing discipline, a class or a filter.

    Raises: Malformed.
    """
    queue_link(data, start, end)
    _, ifindex, handle, parent, info = TCMSG.unpack_from(data, start)
    kind, rate = "", 0
    options = (0, 0)
    for what, first, last in attributes(data, start + TCMSG.size, end):
        if what == _KIND:
            kind = text_of(data, first, last)
        elif what == _OPTIONS:
            options = first, last
    if kind == "cake":
        rate = _number(_values(data, *options).get(_CAKE_RATE64, b""))
    elif kind == "tbf":
        rate = _rate_of(_values(data, *options), _TBF_PARMS, _TBF_RATE64, 0)
    elif kind == "htb":
        rate = _rate_of(_values(data, *options), _HTB_PARMS, _HTB_RATE64, 0)
    elif kind == "matchall":
        for police in _polices(_values(data, *options).get(_MATCHALL_ACT, b"")):
            rate = _rate_of(_values(police, 0, len(police)), _POLICE_TBF, _POLICE_RATE64, 20)
    return Queue(ifindex, handle, parent, info, kind, rate)


def is_police(queue: Queue) -> bool:
    """Say whether a filter is the one that is ours."""
    return queue.kind == "matchall" and queue.info >> 16 == OUR_PRIORITY


def _polices(actions: bytes) -> Iterator[bytes]:
    for action in _values(actions, 0, len(actions)).values():
        parts = _values(action, 0, len(action))
        if parts.get(_ACT_KIND, b"").rstrip(b"\0") == b"police":
            yield parts.get(_ACT_OPTIONS, b"")


def _rate_of(values: dict[int, bytes], parms: int, wide: int, at: int) -> int:
    """Read a rate; what does not fit in 32 bits stands beside."""
    found = values.get(parms, b"")[at : at + _RATE.size]
    narrow: int = _RATE.unpack(found)[5] if len(found) == _RATE.size else 0
    return _number(values.get(wide, b"")) or narrow


def _number(value: bytes) -> int:
    number: int = _U64.unpack(value)[0] if len(value) == _U64.size else 0
    return number


def _values(data: Octets, start: int, end: int) -> dict[int, bytes]:
    return {what: bytes(data[first:last]) for what, first, last in attributes(data, start, end)}


def _rate(rate: int) -> bytes:
    return _RATE.pack(_CELL_LOG, _ETHERNET, 0, -1, 0, min(rate, _LARGEST))


def _wide(kind: int, rate: int) -> bytes:
    return attribute(kind, _U64.pack(rate)) if rate > _LARGEST else b""


def _ticks(rate: int, size: int) -> int:
    """Return how long some bytes take, in the kernel's ticks."""
    return min(size * 1_000_000_000 // rate // _TICK_NS, _LARGEST)
