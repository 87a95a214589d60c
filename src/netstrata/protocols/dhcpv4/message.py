"""DHCPv4 messages as bytes: written for a client, read from whatever a network may send.

`decode` reads the BOOTP frame and its options; `read_reply` reads what a server means by them.
Both raise `Malformed` and nothing else.
"""

from struct import Struct
from typing import NamedTuple

from netstrata.protocols.dhcpv4 import options as option
from netstrata.protocols.dhcpv4.extras import Extras, read_extras
from netstrata.values import format_ipv4

DISCOVER = 1
OFFER = 2
REQUEST = 3
DECLINE = 4
ACK = 5
NAK = 6
RELEASE = 7

BOOTREQUEST = 1
BOOTREPLY = 2
ETHERNET = 1

NOWHERE = b"\0\0\0\0"
EVERYWHERE = b"\xff\xff\xff\xff"
FOREVER = 0xFFFFFFFF

_MAGIC = b"\x63\x82\x53\x63"
_HEAD = Struct("!BBBBIHH4s4s4s4s16s64s128s4s")
_SMALLEST = 300  # what RFC 1542 section 2.1 promises to relays and old servers
_DNS_SERVERS_MOST = 16
_ROUTERS_MOST = 16


class Malformed(Exception):
    """These bytes are no DHCP answer, and this is why."""


class Message(NamedTuple):
    """A message in either direction.  Addresses are packed, 4 bytes; options by their code, in order."""

    operation: int
    xid: int
    mac: bytes
    options: dict[int, bytes]
    seconds: int = 0
    flags: int = 0
    client: bytes = NOWHERE  # ciaddr
    yours: bytes = NOWHERE  # yiaddr
    relay: bytes = NOWHERE  # giaddr


class Reply(NamedTuple):
    """What a server says: an OFFER, an ACK or a NAK (which has only the first four fields and the text)."""

    kind: int
    xid: int
    mac: bytes
    server: bytes
    text: str = ""
    address: bytes = NOWHERE
    prefix: int = 0
    seconds: int = 0  # FOREVER has no end
    t1: int | None = None  # seconds
    t2: int | None = None
    routers: tuple[bytes, ...] = ()
    dns_servers: tuple[bytes, ...] = ()
    domain: bytes = b""
    routes: tuple[option.Route, ...] | None = None
    static_routes: tuple[option.Route, ...] = ()  # which count beside the router, if there are no others
    extras: Extras = Extras()
    ipv6_only: int | None = None  # seconds without DHCPv4; the address of such an OFFER may be NOWHERE


def encode(message: Message) -> bytes:
    """Return a message as a UDP payload, padded to 300 bytes."""
    head = _HEAD.pack(
        message.operation, ETHERNET, 6, 0, message.xid, min(message.seconds, 0xFFFF), message.flags,
        message.client, message.yours, NOWHERE, message.relay, message.mac, b"", b"", _MAGIC,
    )  # fmt: skip
    return (head + option.write_options(message.options)).ljust(_SMALLEST, b"\0")


def decode(payload: bytes) -> Message:
    """Read a UDP payload as a message.

    Raises: Malformed.
    Source: RFC 2131 section 2, figure 1.
    """
    if len(payload) < _HEAD.size:
        raise Malformed(f"{len(payload)} bytes are too few for a DHCP message")
    operation, kind, length, _, xid, seconds, flags, client, yours, _, relay, mac, sname, file, magic = (
        _HEAD.unpack_from(payload)
    )
    if magic != _MAGIC:
        raise Malformed("no DHCP magic: plain BOOTP, or something else")
    if kind != ETHERNET or length != 6:
        raise Malformed(f"hardware type {kind} with addresses of {length} bytes, not Ethernet")
    found = option.read_options(payload[_HEAD.size :], file, sname)
    return Message(operation, xid, mac[:6], found, seconds, flags, client, yours, relay)


def read_reply(payload: bytes) -> Reply:
    """Read a UDP payload as an answer to a client.

    Raises: Malformed.
    Source: RFC 2131 section 4.3.1, table 3; RFC 2132.
    """
    message = decode(payload)
    if message.operation != BOOTREPLY:
        raise Malformed(f"operation {message.operation} is no answer")
    kind = message.options.get(option.MESSAGE_TYPE, b"\0")[:1]
    server = option.read_address(message.options, option.SERVER_ID)
    if kind not in (b"\2", b"\5", b"\6"):
        raise Malformed("neither OFFER, ACK nor NAK")
    if server is None or not option.is_a_hosts(server):
        raise Malformed("a server that does not say who it is (option 54)")
    text = option.read_text(message.options)
    if kind[0] == NAK:
        return Reply(NAK, message.xid, message.mac, server, text)
    return _read_grant(kind[0], message, server, text)


def _read_grant(kind: int, message: Message, server: bytes, text: str) -> Reply:
    found = message.options
    seconds = option.read_seconds(found, option.LEASE_SECONDS)
    if not seconds:
        # An OFFER may leave the time open (RFC 2131 calls it a must, but only the ACK counts).
        if kind == ACK or seconds == 0:
            raise Malformed("a lease without a time (option 51)")
        seconds = 0
    reply = Reply(
        kind,
        message.xid,
        message.mac,
        server,
        text,
        message.yours,
        _read_prefix(found, message.yours),
        seconds,
        option.read_seconds(found, option.T1),
        option.read_seconds(found, option.T2),
        option.read_addresses(found, option.ROUTERS, _ROUTERS_MOST),
        option.read_addresses(found, option.DNS_SERVERS, _DNS_SERVERS_MOST),
        (option.read_domains(found) or (b"",))[0],
        option.read_routes(found),
        option.read_static_routes(found),
        read_extras(found),
        option.read_ipv6_only(found),
    )
    if kind == OFFER and reply.ipv6_only is not None and reply.address == NOWHERE:
        return reply
    why = _unusable(reply)
    if why:
        raise Malformed(f"{format_ipv4(reply.address).decode()} is no address for a host (yiaddr): {why}")
    return reply


def read_gateway(reply: Reply) -> bytes | None:
    """Return the gateway of the default route; with classless routes the router option does not count (RFC 3442)."""
    if reply.routes is None:
        return reply.routers[0] if reply.routers else None
    defaults = [gateway for _, prefix, gateway in reply.routes if prefix == 0 and gateway != NOWHERE]
    return defaults[0] if defaults else None


def _unusable(reply: Reply) -> str:
    """Say why nobody can have the address of a reply; empty if somebody can.

    Source: RFC 1122 section 3.2.1.3; RFC 3021 (in a network of two both are hosts').
    """
    if not option.is_a_hosts(reply.address):
        return "it is nobody's, loopback, multicast, reserved or broadcast"
    if reply.address == reply.server:
        return "it is the server's own (option 54)"
    if reply.address == read_gateway(reply):
        return "it is the gateway's own (option 3 or 121)"
    hosts = (1 << 32 - reply.prefix) - 1
    host = int.from_bytes(reply.address, "big") & hosts
    if reply.prefix <= 30 and host in (0, hosts):
        what = "the broadcast address of its network" if host else "its network itself"
        return f"it is {what} (/{reply.prefix}, option 1)"
    return ""


def _read_prefix(found: dict[int, bytes], address: bytes) -> int:
    mask = option.read_address(found, option.MASK)
    if mask is None:
        return option.classful_prefix(address)
    prefix = option.read_prefix(mask)
    if prefix is None:
        raise Malformed("a subnet mask that is none (option 1)")
    return prefix
