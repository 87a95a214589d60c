"""One link of the model, and how the kernel tells of it.  Source: rtnl_fill_ifinfo in net/core/rtnetlink.c."""

from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct

from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    AF_UNSPEC,
    ARPHRD_ETHER,
    ARPHRD_LOOPBACK,
    DEVCONF_ACCEPT_DAD,
    DEVCONF_DAD_TRANSMITS,
    IFF_LOWER_UP,
    IFF_MULTICAST,
    IFF_RUNNING,
    IFF_UP,
    IFLA_ADDRESS,
    IFLA_AF_SPEC,
    IFLA_ALT_IFNAME,
    IFLA_CARRIER,
    IFLA_IFNAME,
    IFLA_INET6_CONF,
    IFLA_INET_CONF,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_INFO_SLAVE_DATA,
    IFLA_INFO_SLAVE_KIND,
    IFLA_LINK,
    IFLA_LINKINFO,
    IFLA_MASTER,
    IFLA_MTU,
    IFLA_NUM_RX_QUEUES,
    IFLA_NUM_TX_QUEUES,
    IFLA_OPERSTATE,
    IFLA_PROP_LIST,
    IPV4_DEVCONF_PROMOTE_SECONDARIES,
)
from netstrata.protocols.rtnetlink.links import IFINFOMSG
from netstrata.protocols.rtnetlink.wire import U32, attribute
from netstrata.testing.model.messages import Attributes, named, packed
from netstrata.testing.model.settings import AT_FIRST

IFF_BROADCAST, IFF_LOOPBACK = 0x2, 0x8
IFLA_BROADCAST, IFLA_PROMISCUITY = 2, 30
IFLA_MIN_MTU, IFLA_MAX_MTU = 50, 51
NLA_F_NESTED = 0x8000
UNKNOWN, DOWN, LOWER_LAYER_DOWN, DORMANT, OPERATIONAL = 0, 2, 3, 5, 6  # operational states, RFC 2863
_CONF_WORDS = 33
_CONF = Struct(f"={_CONF_WORDS}I")
_NUMBERS = (IFLA_MTU, IFLA_MIN_MTU, IFLA_MAX_MTU, IFLA_PROMISCUITY, IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES)


@dataclass(eq=False)
class ModelLink:
    """A link; a cable and a peer are what it takes to have carrier."""

    ifindex: int
    name: str
    kind: str
    mac: bytes
    mtu: int = 1500
    least_mtu: int = 68
    most_mtu: int = 65535
    up: bool = False
    cable: bool = True
    carrier: bool = False
    state: int = UNKNOWN  # as it was when carrier was last looked at
    looked_at: bool | None = None  # what carrier was then
    peer: int = 0  # the other half of a pair
    below: int = 0  # the link that it stands on
    master: int = 0
    queues: tuple[int, int] = (1, 1)
    altnames: list[str] = field(default_factory=list)
    values: Attributes = field(default_factory=lambda: dict(AT_FIRST))  # what else can be set
    own_flags: int = IFF_MULTICAST
    data: Attributes = field(default_factory=dict)
    port: Attributes = field(default_factory=dict)  # how it behaves in a bridge
    own_mac: bool = True  # somebody gave it; a bridge without one takes that of a port
    own_mtu: bool = False  # of a bridge: somebody set it, and it does not follow its ports
    promotes: bool = False  # promote_secondaries
    accept_dad: int = 1
    ready: bool = False  # IPv6 has begun to work on it

    @property
    def loopback(self) -> bool:
        """Whether it is lo."""
        return self.kind == "lo"

    @property
    def was_operational(self) -> bool:
        """Whether it could be used when carrier was last looked at; IPv6 waits for that."""
        return self.state in (UNKNOWN, OPERATIONAL)

    @property
    def operational(self) -> bool:
        """Whether it can be used."""
        return self.carrier and self.was_operational

    @property
    def flags(self) -> int:
        """The flags as the kernel tells them."""
        flags = self.own_flags | (IFF_LOOPBACK if self.loopback else IFF_BROADCAST)
        if self.up:
            flags |= IFF_UP
            if self.was_operational:
                flags |= IFF_RUNNING
            if self.carrier:
                flags |= IFF_LOWER_UP
        return flags

    def body(self) -> bytes:
        """Return the body of an RTM_NEWLINK or RTM_DELLINK."""
        arphrd = ARPHRD_LOOPBACK if self.loopback else ARPHRD_ETHER
        numbers = (self.mtu, self.least_mtu, self.most_mtu, int(bool(self.master)), *self.queues)
        pair = (self.peer or self.below) if self.kind == "veth" or self.below else None
        return b"".join(
            (
                IFINFOMSG.pack(AF_UNSPEC, arphrd, self.ifindex, self.flags, 0),
                named(IFLA_IFNAME, self.name),
                attribute(IFLA_OPERSTATE, bytes([self.state if self.up else DOWN])),
                _numbers(numbers),
                packed(self.values),
                attribute(IFLA_LINK, U32.pack(pair)) if pair is not None else b"",
                attribute(IFLA_MASTER, U32.pack(self.master)) if self.master else b"",
                attribute(IFLA_CARRIER, bytes([self.carrier])),
                attribute(IFLA_ADDRESS, self.mac),
                attribute(IFLA_BROADCAST, bytes(6) if self.loopback else b"\xff" * 6),
                self._info(),
                _settings(self.promotes, self.accept_dad),
                self._altnames(),
            )
        )

    def _info(self) -> bytes:
        """Return what kind it is, and how it was made."""
        info = b""
        if self.kind and not self.loopback:
            info += named(IFLA_INFO_KIND, self.kind)
            if self.data:
                info += attribute(IFLA_INFO_DATA, packed(self.data))
        if self.master:
            info += named(IFLA_INFO_SLAVE_KIND, "bridge") + attribute(IFLA_INFO_SLAVE_DATA, packed(self.port))
        return attribute(IFLA_LINKINFO, info) if info else b""

    def _altnames(self) -> bytes:
        names = b"".join(named(IFLA_ALT_IFNAME, name) for name in self.altnames)
        return attribute(IFLA_PROP_LIST | NLA_F_NESTED, names) if names else b""


@lru_cache(256)
def _numbers(numbers: tuple[int, ...]) -> bytes:
    return b"".join(attribute(kind, U32.pack(value)) for kind, value in zip(_NUMBERS, numbers, strict=True))


@lru_cache(6)
def _settings(promotes: bool, accept_dad: int) -> bytes:
    words = [0] * _CONF_WORDS
    words[IPV4_DEVCONF_PROMOTE_SECONDARIES - 1] = int(promotes)
    words6 = [0] * _CONF_WORDS
    words6[DEVCONF_ACCEPT_DAD] = accept_dad
    words6[DEVCONF_DAD_TRANSMITS] = 1
    conf = attribute(AF_INET, attribute(IFLA_INET_CONF, _CONF.pack(*words)))
    return attribute(IFLA_AF_SPEC, conf + attribute(AF_INET6, attribute(IFLA_INET6_CONF, _CONF.pack(*words6))))
