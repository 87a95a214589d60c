"""DHCPv6 messages as bytes: written for a client, read from whatever a network may send.

`decode` reads kind, transaction and options; `read_reply` reads what a server means by them.
Both raise `Malformed` and nothing else.
Source: RFC 8415 sections 8 and 21.
"""

from math import inf
from struct import Struct
from typing import NamedTuple

from netstrata.protocols.dhcpv6 import options as option
from netstrata.protocols.dhcpv6.facts import Facts, read_facts
from netstrata.protocols.dhcpv6.options import Malformed, Options
from netstrata.protocols.foreign_text import as_message
from netstrata.values import mask_bits

SOLICIT = 1
ADVERTISE = 2
REQUEST = 3
CONFIRM = 4
RENEW = 5
REBIND = 6
REPLY = 7
RELEASE = 8
DECLINE = 9
INFORMATION_REQUEST = 11
NAMES = {
    SOLICIT: "SOLICIT", ADVERTISE: "ADVERTISE", REQUEST: "REQUEST", CONFIRM: "CONFIRM", RENEW: "RENEW",
    REBIND: "REBIND", REPLY: "REPLY", RELEASE: "RELEASE", DECLINE: "DECLINE",
    INFORMATION_REQUEST: "INFORMATION-REQUEST",
}  # fmt: skip

SUCCESS = 0
UNSPECIFIED = 1
NO_ADDRESSES = 2
NO_BINDING = 3
NOT_ON_LINK = 4
USE_MULTICAST = 5
NO_PREFIX = 6
_STATUS_WORDS = {
    UNSPECIFIED: "it failed", NO_ADDRESSES: "no addresses are available", NO_BINDING: "it knows of no such lease",
    NOT_ON_LINK: "that is not for this link", USE_MULTICAST: "it wants to be asked by multicast",
    NO_PREFIX: "no prefix is available",
}  # fmt: skip

FOREVER = 0xFFFFFFFF
_DUID_MOST = 130  # RFC 8415 section 11.1
_GRANTS_MOST = 64
_IA = Struct("!III")
_ADDRESS = Struct("!16sII")
_PREFIX = Struct("!IIB16s")


class Message(NamedTuple):
    """A message in either direction; options by code, in order, perhaps several of one."""

    kind: int
    xid: int  # 24 bits
    options: Options


class Status(NamedTuple):
    """How it went, and the server's words for it."""

    code: int = SUCCESS
    text: str = ""

    @property
    def words(self) -> str:
        """Say what a server means."""
        words = _STATUS_WORDS.get(self.code, f"status {self.code}")
        return f"{words} ({self.text})" if self.text else words


class Granted(NamedTuple):
    """An address or a prefix for some seconds; inf is for ever.  For no seconds: not any more."""

    address: bytes
    prefix: int
    preferred: float
    valid: float


class Ia(NamedTuple):
    """An identity association: what a server grants of one kind.  T1 and T2 are seconds, 0 if it leaves them open."""

    t1: float
    t2: float
    granted: tuple[Granted, ...]
    status: Status = Status()


class Reply(NamedTuple):
    """What a server says to one client: an ADVERTISE or a REPLY.  What is None was not said, or made no sense."""

    kind: int
    xid: int
    client: bytes
    server: bytes
    status: Status = Status()
    addresses: Ia | None = None
    prefixes: Ia | None = None
    preference: int = 0
    rapid: bool = False
    refresh: float | None = None  # seconds
    sol_max: int | None = None
    inf_max: int | None = None
    facts: Facts = Facts()


def encode(message: Message) -> bytes:
    """Return a message as a UDP payload."""
    return bytes((message.kind,)) + message.xid.to_bytes(3, "big") + option.write_options(message.options)


def decode(payload: bytes) -> Message:
    """Read a UDP payload as a message.

    Raises: Malformed.
    """
    if len(payload) < 4:
        raise Malformed(f"{len(payload)} bytes are too few for a DHCPv6 message")
    return Message(payload[0], int.from_bytes(payload[1:4], "big"), option.read_options(payload[4:]))


def read_reply(payload: bytes, iaid: int) -> Reply:
    """Read a UDP payload as an answer to a client, whose identity associations have one number.

    Raises: Malformed.
    Source: RFC 8415 sections 16.3 and 16.10.
    """
    message = decode(payload)
    found = message.options
    if message.kind not in (ADVERTISE, REPLY):
        raise Malformed(f"message type {message.kind} is neither ADVERTISE nor REPLY")
    server, client = option.first(found, option.SERVER_ID), option.first(found, option.CLIENT_ID)
    if not server or len(server) > _DUID_MOST:
        raise Malformed("a server that does not say who it is (option 2)")
    if client is None:
        raise Malformed("it does not say whom it is for (option 1)")
    refresh = option.read_number(found, option.REFRESH_TIME, 4)
    return Reply(
        message.kind,
        message.xid,
        client,
        server,
        _read_status(found),
        _read_ia(found, option.IA_NA, iaid),
        _read_ia(found, option.IA_PD, iaid),
        option.read_number(found, option.PREFERENCE, 1) or 0,
        option.first(found, option.RAPID_COMMIT) == b"",
        None if refresh is None else _seconds(refresh),
        _longest_wait(found, option.SOL_MAX_RT),
        _longest_wait(found, option.INF_MAX_RT),
        read_facts(found),
    )


def _read_status(found: Options) -> Status:
    value = option.first(found, option.STATUS)
    if value is None or len(value) < 2:
        return Status()
    return Status(int.from_bytes(value[:2], "big"), as_message(value[2:]))


def _read_ia(found: Options, code: int, iaid: int) -> Ia | None:
    """Return the identity association of a kind and number; None if there is none, or its times make no sense.

    Source: RFC 8415 sections 21.4 and 21.21: one whose T1 is after T2 does not count.
    """
    for kind, value in found:
        if kind != code or len(value) < _IA.size:
            continue
        number, t1, t2 = _IA.unpack_from(value)
        if number != iaid or (t1 > t2 and t2 > 0):
            continue
        inside = option.read_options(value[_IA.size :])
        granted = [one for one in map(_read_granted, inside) if one is not None]
        return Ia(_seconds(t1), _seconds(t2), tuple(granted[:_GRANTS_MOST]), _read_status(inside))
    return None


def _read_granted(found: tuple[int, bytes]) -> Granted | None:
    """Read one address or prefix; None if it is none, or nobody can have it.

    Source: RFC 8415 sections 21.6 and 21.22: what is preferred for longer than it is valid does not count.
    """
    code, value = found
    if code == option.IA_ADDRESS and len(value) >= _ADDRESS.size:
        address, preferred, valid = _ADDRESS.unpack_from(value)
        prefix, size = 128, _ADDRESS.size
        usable = option.is_a_hosts(address)
    elif code == option.IA_PREFIX and len(value) >= _PREFIX.size:
        preferred, valid, prefix, address = _PREFIX.unpack_from(value)
        size = _PREFIX.size
        usable = 0 < prefix <= 128 and option.is_a_hosts(address)
        address = mask_bits(address, prefix) if usable else address
    else:
        return None
    if not usable or preferred > valid or _read_status(option.read_options(value[size:])).code != SUCCESS:
        return None
    return Granted(address, prefix, _seconds(preferred), _seconds(valid))


def _seconds(number: int) -> float:
    return inf if number == FOREVER else float(number)


def _longest_wait(found: Options, code: int) -> int | None:
    """Return the longest wait that a server asks for, if it is one of those that it may (RFC 8415 section 21.24)."""
    seconds = option.read_number(found, code, 4)
    return seconds if seconds is not None and 60 <= seconds <= 86400 else None


def write_ia(code: int, iaid: int, wished: tuple[Granted, ...]) -> tuple[int, bytes]:
    """Return the option that asks for what a client has or wishes, of one kind.

    Shapes: times are written as 0; a prefix of no address is a wish for its length.
    """
    inside: list[tuple[int, bytes]] = []
    for one in wished:
        if code == option.IA_NA:
            inside.append((option.IA_ADDRESS, _ADDRESS.pack(one.address, 0, 0)))
        else:
            inside.append((option.IA_PREFIX, _PREFIX.pack(0, 0, one.prefix, one.address)))
    return code, _IA.pack(iaid, 0, 0) + option.write_options(tuple(inside))
