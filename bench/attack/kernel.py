"""What attackers and judges say to the kernel, as bytes: routes and addresses.  It shares no code with us."""

import socket
import struct

OURS = 110  # rtm_protocol of what the daemon puts there
BOOT = 3
NEWROUTE, DELROUTE, GETROUTE = 24, 25, 26
NEWLINK = 16
NEWADDR, DELADDR = 20, 21
LINK_GROUP, ROUTE_GROUP = 0x1, 0x40
REQUEST, ACK, DUMP, CREATE = 0x1, 0x4, 0x300, 0x400
UNICAST, ON_LINK, ANY_SCOPE, MAIN = 1, 253, 255, 254
RUNNING = 0x40


def open_netlink(groups: int = 0) -> socket.socket:
    """Return a socket to the kernel, in the network of this thread."""
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    opened.bind((0, groups))
    return opened


def route(kind: int, destination: bytes, prefix: int, ifindex: int, protocol: int = BOOT, metric: int = 0) -> bytes:
    """Return a request for a route on a link."""
    scope = ON_LINK if kind == NEWROUTE else ANY_SCOPE
    body = struct.pack("=BBBBBBBBI", 2, prefix, 0, 0, MAIN, protocol, scope, UNICAST, 0)
    body += struct.pack("=HH4sHHI", 8, 1, destination, 8, 4, ifindex)
    if metric:
        body += struct.pack("=HHI", 8, 6, metric)
    flags = REQUEST | (CREATE if kind == NEWROUTE else 0)
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0) + body


def address(kind: int, local: bytes, ifindex: int) -> bytes:
    """Return a request for an address of its own on a link."""
    body = struct.pack("=BBBBI", 2, 32, 0, 0, ifindex) + struct.pack("=HH4s", 8, 2, local)
    flags = REQUEST | (CREATE if kind == NEWADDR else 0)
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0) + body


def remove_ours(kernel: socket.socket, destination: str, ifindex: int) -> bool:
    """Delete a route of the daemon's with metric 5; return whether it was there."""
    place, _, prefix = destination.partition("/")
    request = route(DELROUTE, socket.inet_aton(place), int(prefix), ifindex, OURS, 5)
    flags = struct.pack("=H", REQUEST | ACK)
    kernel.send(request[:6] + flags + request[8:])
    failure: int = struct.unpack_from("=i", kernel.recv(1 << 16), 16)[0]
    return failure == 0


def our_routes() -> set[str]:
    """Return the IPv4 destinations of the routes that the daemon has put there."""
    with open_netlink() as asked:
        asked.setsockopt(270, 12, 1)  # NETLINK_GET_STRICT_CHK: the kernel looks for the protocol itself
        body = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, MAIN, OURS, 0, 0, 0)
        asked.send(struct.pack("=IHHII", 28, GETROUTE, REQUEST | DUMP, 1, 0) + body)
        found: set[str] = set()
        while True:
            for kind, message in split(asked.recv(1 << 16)):
                if kind != NEWROUTE:
                    return found
                found.add(destination(message))


def split(data: bytes) -> list[tuple[int, bytes]]:
    """Return the types and bodies of a datagram's messages."""
    found = []
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        found.append((kind, data[at + 16 : at + length]))
        at += (length + 3) & ~3
    return found


def destination(body: bytes) -> str:
    """Return where a route goes: `198.51.100.0/24`."""
    at = 12
    while at + 4 <= len(body):
        length, what = struct.unpack_from("=HH", body, at)
        if what == 1:
            return f"{socket.inet_ntoa(body[at + 4 : at + 8])}/{body[1]}"
        at += (length + 3) & ~3
    return "default"
