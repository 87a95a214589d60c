"""Neighbours of the model: those that somebody writes down; nobody is asked for, and nothing is learned.

Source: neigh_add in net/core/neighbour.c.
"""

import errno
from dataclasses import dataclass
from struct import Struct

from netstrata.protocols.rtnetlink.constants import (
    AF_UNSPEC,
    NDA_DST,
    NDA_LLADDR,
    NDA_PROTOCOL,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    NUD_PERMANENT,
    RTM_DELNEIGH,
    RTM_NEWNEIGH,
    RTNLGRP_NEIGH,
)
from netstrata.protocols.rtnetlink.neighbours import NDMSG
from netstrata.protocols.rtnetlink.wire import U32, attribute
from netstrata.testing.model.link import ModelLink
from netstrata.testing.model.links import Links
from netstrata.testing.model.messages import Notify, Refusal, Request, number

_KNOWN = (NDA_DST, NDA_LLADDR, NDA_PROTOCOL)
_NDA_CACHEINFO, _NDA_PROBES, _NDA_IFINDEX, _NDA_MASTER = 3, 4, 8, 9
_CACHEINFO = Struct("=IIII")
_UNICAST = 1
_FAILED = 0x20


@dataclass(eq=False)
class ModelNeighbour:
    """Which hardware address answers for an address on a link."""

    family: int
    ifindex: int
    address: bytes
    state: int
    mac: bytes
    protocol: int

    def body(self) -> bytes:
        """Return the body of a message about it."""
        said: bytes = NDMSG.pack(self.family, 0, self.ifindex, self.state, 0, _UNICAST)
        said += attribute(NDA_DST, self.address)
        if self.mac:
            said += attribute(NDA_LLADDR, self.mac)
        said += attribute(_NDA_PROBES, U32.pack(0)) + attribute(_NDA_CACHEINFO, _CACHEINFO.pack(0, 0, 0, 0))
        return said + (attribute(NDA_PROTOCOL, bytes([self.protocol])) if self.protocol else b"")


class Neighbours:
    """The neighbours of all links."""

    def __init__(self, links: Links, notify: Notify) -> None:
        self._links = links
        self._notify = notify
        self.there: dict[tuple[int, bytes], ModelNeighbour] = {}

    def dump(self, request: Request) -> list[bytes]:
        """Return the bodies of the neighbours of a family, or of both, and of one link."""
        given = request.attributes(NDMSG.size, (_NDA_IFINDEX, _NDA_MASTER))
        family, ifindex = request.body[0], number(given.get(_NDA_IFINDEX, b""))
        return [
            one.body()
            for one in self.there.values()
            if family in (0, one.family) and ifindex in (0, one.ifindex) and _NDA_MASTER not in given
        ]

    def get(self, request: Request) -> bytes:
        """Return the body of one neighbour."""
        asked = self._asked(request)
        found = self.there.get((asked.ifindex, asked.address))
        if found is None:
            raise Refusal(errno.ENOENT, "Neighbour entry not found")
        return found.body()

    def new(self, request: Request) -> None:
        """Add a neighbour, or change one."""
        asked = self._asked(request)
        there = self.there.get((asked.ifindex, asked.address))
        if there is None:
            if not request.flags & NLM_F_CREATE:
                raise Refusal(errno.ENOENT)
            there = self.there[asked.ifindex, asked.address] = asked
        elif request.flags & NLM_F_EXCL:
            raise Refusal(errno.EEXIST)
        elif request.flags & NLM_F_REPLACE or not there.mac:
            there.state, there.mac = asked.state, asked.mac or there.mac
            there.protocol = asked.protocol or there.protocol
        self._tell(RTM_NEWNEIGH, there)

    def delete(self, request: Request) -> None:
        """Delete a neighbour."""
        asked = self._asked(request)
        there = self.there.pop((asked.ifindex, asked.address), None)
        if there is None:
            raise Refusal(errno.ENOENT)
        there.state, there.mac = _FAILED, b""
        self._tell(RTM_NEWNEIGH, there)
        self._tell(RTM_DELNEIGH, there)

    def link_down(self, link: ModelLink, family: int = AF_UNSPEC) -> None:
        """Forget all neighbours on a link that went down, or those of a family that it has no more, or anew."""
        there = [key for key, one in self.there.items() if key[0] == link.ifindex and family in (AF_UNSPEC, one.family)]
        for key in there:
            self._tell(RTM_DELNEIGH, self.there.pop(key))

    def lost_carrier(self, link: ModelLink) -> None:
        """Forget the neighbours on a link that nobody wrote down for good."""
        for key in [key for key, one in self.there.items() if key[0] == link.ifindex]:
            if not self.there[key].state & NUD_PERMANENT:
                self._tell(RTM_DELNEIGH, self.there.pop(key))

    def _asked(self, request: Request) -> ModelNeighbour:
        family, _, ifindex, state, _, _ = NDMSG.unpack_from(request.body)
        given = request.attributes(NDMSG.size, _KNOWN)
        if ifindex not in self._links.by_index:
            raise Refusal(errno.ENODEV)
        address, protocol = given.get(NDA_DST, b""), number(given.get(NDA_PROTOCOL, b""))
        return ModelNeighbour(family, ifindex, address, state, given.get(NDA_LLADDR, b""), protocol)

    def _tell(self, kind: int, neighbour: ModelNeighbour) -> None:
        self._notify(RTNLGRP_NEIGH, kind, neighbour.body())
