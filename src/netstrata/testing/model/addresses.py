"""What addresses of both families have in common: how they are asked for and told of."""

from dataclasses import dataclass
from functools import cached_property
from struct import Struct

from netstrata.protocols.rtnetlink.addresses import IFADDRMSG
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    FOREVER,
    IFA_ADDRESS,
    IFA_CACHEINFO,
    IFA_F_DEPRECATED,
    IFA_F_PERMANENT,
    IFA_FLAGS,
    IFA_LABEL,
    IFA_LOCAL,
    IFA_PROTO,
)
from netstrata.protocols.rtnetlink.wire import U32, attribute
from netstrata.testing.model.messages import Request, named, number, text
from netstrata.values import mask_bits

IFA_BROADCAST = 4
_LIFETIMES = Struct("=IIII")
_KNOWN = (IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_BROADCAST, IFA_CACHEINFO, IFA_FLAGS, IFA_PROTO)


@dataclass(eq=False)
class ModelAddress:
    """An address on a link; the other end of a point-to-point link is its peer, else it is the same."""

    family: int
    ifindex: int
    local: bytes
    peer: bytes
    prefix: int
    scope: int = 0
    flags: int = IFA_F_PERMANENT
    label: str = ""
    broadcast: bytes = b""
    preferred_s: int = FOREVER
    valid_s: int = FOREVER
    protocol: int = 0

    @cached_property
    def network(self) -> bytes:
        """Its network, without the prefix length."""
        return mask_bits(self.peer, self.prefix)

    def has_flag(self, flag: int) -> bool:
        """Say whether a flag is set."""
        return bool(self.flags & flag)

    def body(self) -> bytes:
        """Return the body of an RTM_NEWADDR or RTM_DELADDR."""
        said: bytes = IFADDRMSG.pack(self.family, self.prefix, self.flags & 0xFF, self.scope, self.ifindex)
        if self.family == AF_INET or self.local != self.peer:
            said += attribute(IFA_ADDRESS, self.peer) + attribute(IFA_LOCAL, self.local)
        else:
            said += attribute(IFA_ADDRESS, self.local)
        if self.broadcast:
            said += attribute(IFA_BROADCAST, self.broadcast)
        if self.label:
            said += named(IFA_LABEL, self.label)
        if self.protocol:
            said += attribute(IFA_PROTO, bytes([self.protocol]))
        said += attribute(IFA_FLAGS, U32.pack(self.flags))
        return said + attribute(IFA_CACHEINFO, _LIFETIMES.pack(self.preferred_s, self.valid_s, 0, 0))


def asked_address(request: Request) -> ModelAddress:
    """Read an address from a request; empty where it is not said.

    Raises: NotModelled.
    """
    family, prefix, flags, scope, ifindex = IFADDRMSG.unpack_from(request.body)
    given = request.attributes(IFADDRMSG.size, _KNOWN)
    local = given.get(IFA_LOCAL, given.get(IFA_ADDRESS, b"") if family != AF_INET else b"")
    preferred, valid = FOREVER, FOREVER
    if IFA_CACHEINFO in given:
        preferred, valid, _, _ = _LIFETIMES.unpack(given[IFA_CACHEINFO])
    flags = number(given[IFA_FLAGS]) if IFA_FLAGS in given else flags
    if valid == FOREVER:
        flags |= IFA_F_PERMANENT
    if preferred == 0:
        flags |= IFA_F_DEPRECATED
    return ModelAddress(
        family,
        ifindex,
        local,
        given.get(IFA_ADDRESS, local),
        prefix,
        scope,
        flags,
        text(given.get(IFA_LABEL, b"")),
        given.get(IFA_BROADCAST, b""),
        preferred,
        valid,
        number(given.get(IFA_PROTO, b"")),
    )
