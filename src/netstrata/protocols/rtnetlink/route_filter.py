"""Which of the kernel's news about routes can be about a route that is held, as a program for a socket filter.

A routing daemon changes thousands of routes a second, and none of them is ours: what cannot be about one of ours the
kernel drops, so that nobody wakes up for it.  A route of ours goes by a message with our protocol in it, with these
exceptions, which are let through, too:

* What takes a route's place, or stands beside it, has its maker's protocol.  NLM_F_EXCL is in the news of a route that
  found none with its destination, metric, type of service and table, and in no other.
* The end of an IPv6 route with several ways has the protocol of one of them, and takes all.
* A route of the kernel itself that goes may be one that an address of ours needs.
* A route of somebody else that was there before may be held as it is: all networks as long as its own are heard of.

All numbers in a message are in the machine's byte order, and a filter loads them as big-endian.
Source: linux/filter.h, net/core/filter.c (SKF_AD_NLATTR), linux/rtnetlink.h.
"""

from collections.abc import Iterable
from struct import Struct
from sys import byteorder

from netstrata.protocols.rtnetlink.constants import (
    NLM_F_EXCL,
    RTA_MULTIPATH,
    RTM_DELROUTE,
    RTM_NEWROUTE,
    RTPROT_KERNEL,
    RTPROT_NETSTRATA,
)

INSTRUCTION = Struct("=HBBI")  # sock_filter: operation, instructions to skip if it holds and if not, number
_WORD_AT, _HALF_AT, _BYTE_AT, _NUMBER, _NUMBER_X, _RETURN = 0x20, 0x28, 0x30, 0x00, 0x01, 0x06
_IF_EQUAL, _IF_SET = 0x15, 0x45
_ATTRIBUTE_X = 0xFFFFF000 + 12  # SKF_AD_NLATTR: where the first attribute of type X is, from A on; 0 if there is none
_TYPE, _FLAGS, _PORT, _NETWORK, _PROTOCOL, _ATTRIBUTES = 4, 6, 12, 16, 21, 28  # offsets in the message
_ROUTE, _OTHERS = 3, 13  # the instructions that routes go to, and what nothing but its network can tell of

Network = tuple[int, int]  # family, prefix length


def route_filter(own_port: int, foreign: Iterable[Network]) -> bytes:
    """Return the program that drops the news about routes that nobody needs, and passes everything else.

    Shapes: what requests from own_port have done is dropped; foreign are the networks to hear of whosever they are,
    each once: at most 33 of IPv4 and 129 of IPv6, so that every jump fits its byte.
    """
    code = [
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
        (_IF_EQUAL, _loaded(RTM_NEWROUTE, 2), "pass", ""),
        (_BYTE_AT, _PROTOCOL, "", ""),
        (_IF_EQUAL, RTPROT_KERNEL, "pass", ""),
        (_NUMBER_X, RTA_MULTIPATH, "", ""),
        (_NUMBER, _ATTRIBUTES, "", ""),
        (_WORD_AT, _ATTRIBUTE_X, "", ""),
        (_IF_EQUAL, 0, "", "pass"),
        (_HALF_AT, _NETWORK, "", ""),
        *((_IF_EQUAL, family << 8 | prefix, "pass", "") for family, prefix in foreign),
        (_RETURN, 0, "", ""),
        (_RETURN, 0xFFFFFFFF, "", ""),
    ]
    places = {"route": _ROUTE, "others": _OTHERS, "drop": len(code) - 2, "pass": len(code) - 1}
    return b"".join(
        INSTRUCTION.pack(what, *(places.get(where, here) - here for where in (true, false)), number)
        for here, (what, number, true, false) in enumerate(code, 1)
    )


def _loaded(number: int, size: int) -> int:
    """Return a number of the machine's byte order as a filter loads it."""
    return int.from_bytes(number.to_bytes(size, byteorder), "big")
