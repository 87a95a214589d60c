"""Which of the kernel's news about routes can be about a route that is held, as a program for a socket filter.

A routing daemon changes thousands of routes a second, and none of them is ours: what cannot be about one of ours the
kernel drops, so that nobody wakes up for it.  A route of ours goes by a message with our protocol in it, with these
exceptions, which are let through, too:

* What takes a route's place, or stands beside it, has its maker's protocol.  NLM_F_EXCL is in the news of a route that
  found none with its destination, metric, type of service and table, and in no other.  Where routes of ours stand is
  compared, if there are few.
* The end of an IPv6 route with several ways has the protocol of one of them, and takes all.
* A route of the kernel itself that goes may be one that an address of ours needs.
* A route of somebody else that was there before may be held as it is: all networks as long as its own are heard of.
* A route of somebody else may be waited for: to one destination, which is compared, or without a gateway to anywhere.

All numbers in a message are in the machine's byte order, and a filter loads them as big-endian.
Source: linux/filter.h, net/core/filter.c (SKF_AD_NLATTR), linux/rtnetlink.h.
"""

from collections.abc import Iterable
from struct import Struct
from sys import byteorder

from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    NLM_F_EXCL,
    RTA_DST,
    RTA_GATEWAY,
    RTA_MULTIPATH,
    RTM_DELROUTE,
    RTM_NEWROUTE,
    RTPROT_KERNEL,
    RTPROT_NETSTRATA,
)

INSTRUCTION = Struct("=HBBI")  # sock_filter: operation, instructions to skip if it holds and if not, number
_WORD_AT, _HALF_AT, _BYTE_AT, _NUMBER, _NUMBER_X, _RETURN = 0x20, 0x28, 0x30, 0x00, 0x01, 0x06
_IF_EQUAL, _IF_SET, _GO, _TO_X, _WORD_AT_X = 0x15, 0x45, 0x05, 0x07, 0x40
_ATTRIBUTE_X = 0xFFFFF000 + 12  # SKF_AD_NLATTR: where the first attribute of type X is, from A on; 0 if there is none
_TYPE, _FLAGS, _PORT, _NETWORK, _PROTOCOL, _ATTRIBUTES = 4, 6, 12, 16, 21, 28  # offsets in the message
_ROUTE, _OTHERS = 3, 13  # the instructions that routes go to, and what nothing but its network can tell of

_PASS, _DROP = 0xFFFFFFFF, 0

Network = tuple[int, int]  # family, prefix length
Instruction = tuple[int, int, str | int, str | int]


def route_filter(
    own_port: int,
    foreign: Iterable[Network],
    awaited: Iterable[bytes] = (),
    near: Iterable[int] = (),
    places: Iterable[bytes] | None = None,
) -> bytes:
    """Return the program that drops the news about routes that nobody needs, and passes everything else.

    Shapes: what requests from own_port have done is dropped; foreign are the networks to hear of whosever they are,
    each once: at most 33 of IPv4 and 129 of IPv6, so that every jump fits its byte; awaited are destinations, each
    with its prefix length as one more byte; near are families, of whose routes without a gateway is heard; places are
    destinations where something may be replaced, None for anywhere.
    """
    tail = [one for destination in awaited for one in _to(destination)]
    tail += [one for family in near for one in _near(family)]
    tail += _replaced(places or ())
    code: list[Instruction] = [
        (_HALF_AT, _TYPE, "", ""),
        (_IF_EQUAL, _loaded(RTM_NEWROUTE, 2), "route", ""),
        (_IF_EQUAL, _loaded(RTM_DELROUTE, 2), "route", "pass"),
        (_WORD_AT, _PORT, "", ""),
        (_IF_EQUAL, _loaded(own_port, 4), "drop", ""),
        (_BYTE_AT, _PROTOCOL, "", ""),
        (_IF_EQUAL, RTPROT_NETSTRATA, "pass", ""),
        (_HALF_AT, _FLAGS, "", ""),
        (_IF_SET, _loaded(NLM_F_EXCL, 2), "others", ""),
        (_HALF_AT, _TYPE, "", ""),
        (_IF_EQUAL, _loaded(RTM_NEWROUTE, 2), "pass" if places is None else "others", ""),
        (_BYTE_AT, _PROTOCOL, "", ""),
        (_IF_EQUAL, RTPROT_KERNEL, "pass", ""),
        (_NUMBER_X, RTA_MULTIPATH, "", ""),
        (_NUMBER, _ATTRIBUTES, "", ""),
        (_WORD_AT, _ATTRIBUTE_X, "", ""),
        (_IF_EQUAL, 0, "", "pass"),
        (_HALF_AT, _NETWORK, "", ""),
        *((_IF_EQUAL, family << 8 | prefix, "pass", "") for family, prefix in foreign),
        (_GO, 2 if tail else 0, "", ""),
        (_RETURN, _DROP, "", ""),
        (_RETURN, _PASS, "", ""),
    ]
    labels = {"route": _ROUTE, "others": _OTHERS, "drop": len(code) - 2, "pass": len(code) - 1}
    if tail:
        code += [*tail, (_RETURN, _DROP, "", "")]
    return b"".join(
        INSTRUCTION.pack(what, *(_skipped(where, here, labels) for where in (true, false)), number)
        for here, (what, number, true, false) in enumerate(code, 1)
    )


def _skipped(where: str | int, here: int, labels: dict[str, int]) -> int:
    """Return how many instructions are skipped: so many, or those up to a place."""
    return where if isinstance(where, int) else labels.get(where, here) - here


def _to(destination: bytes) -> list[Instruction]:
    """Return what passes the news of routes to one destination, and goes on otherwise."""
    prefix = destination[-1]
    family = AF_INET if len(destination) == 5 else AF_INET6
    words = [int.from_bytes(destination[at : at + 4], "big") for at in range(0, (prefix + 7) // 8, 4)]
    load: list[Instruction] = [
        (_NUMBER_X, RTA_DST, 0, 0),
        (_NUMBER, _ATTRIBUTES, 0, 0),
        (_WORD_AT, _ATTRIBUTE_X, 0, 0),
        (_TO_X, 0, 0, 0),
    ]
    compare = [
        one
        for number, word in enumerate(words)
        for one in ((_WORD_AT_X, 4 + 4 * number, 0, 0), (_IF_EQUAL, word, 0, 2 * (len(words) - number) - 1))
    ]
    block = [*(load if words else ()), *compare, (_RETURN, _PASS, 0, 0)]
    return [(_HALF_AT, _NETWORK, 0, 0), (_IF_EQUAL, family << 8 | prefix, 0, len(block)), *block]


def _replaced(places: Iterable[bytes]) -> list[Instruction]:
    """Return what passes the news of routes that did not come alone to some destinations, and goes on otherwise."""
    blocks = [one for destination in places for one in _to(destination)]
    new: list[Instruction] = [
        (_HALF_AT, _FLAGS, 0, 0),
        (_IF_SET, _loaded(NLM_F_EXCL, 2), 2, 0),
        (_HALF_AT, _TYPE, 0, 0),
        (_IF_EQUAL, _loaded(RTM_NEWROUTE, 2), 1, 0),
        (_GO, len(blocks), 0, 0),
    ]
    return [*new, *blocks] if blocks else []


def _near(family: int) -> list[Instruction]:
    """Return what passes the news of a family's routes without a gateway, and goes on otherwise."""
    return [
        (_BYTE_AT, _NETWORK, 0, 0),
        (_IF_EQUAL, family, 0, 5),
        (_NUMBER_X, RTA_GATEWAY, 0, 0),
        (_NUMBER, _ATTRIBUTES, 0, 0),
        (_WORD_AT, _ATTRIBUTE_X, 0, 0),
        (_IF_EQUAL, 0, 0, 1),
        (_RETURN, _PASS, 0, 0),
    ]


def _loaded(number: int, size: int) -> int:
    """Return a number of the machine's byte order as a filter loads it."""
    return int.from_bytes(number.to_bytes(size, byteorder), "big")
