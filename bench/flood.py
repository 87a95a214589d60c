"""`python bench/flood.py dhcp|answers|arp LINK SECONDS`: more packets than anybody can want, from one end of a cable.

dhcp     DHCP answers to transactions and clients that nobody has asked for
answers  DHCP answers to the client heard last: its transaction, its MAC, and garbage behind them
arp      ARP requests of many for many, or with --address announcements of one address

Only for a network namespace of one's own, as root of it.  Prints how many packets left, and how many each second, as
JSON.  `flood()` does the same for other programs; sendmmsg(2) makes it 300,000 a second and more from one process.
"""

import argparse
import ctypes
import json
import os
import socket
import struct
import time

from netstrata.protocols import dhcpv4
from netstrata.protocols.arp import REPLY, REQUEST, Arp, write_arp

ETH_P_IP, ETH_P_ARP = 0x0800, 0x0806
EVERYBODY = b"\xff" * 6
SERVER = bytes((192, 0, 2, 1))
AT_ONCE = 256  # packets for each system call, all different
SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20

_libc = ctypes.CDLL(None, use_errno=True)


class _Piece(ctypes.Structure):
    _fields_ = (("base", ctypes.c_char_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("pieces", ctypes.POINTER(_Piece)),
        ("count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("sent", ctypes.c_uint),
    )


def flood(link: str, frames: list[bytes], seconds: float, rate: float = 0) -> int:
    """Send frames over and over for a time, at most so many a second (0: as many as go); return how many left."""
    pieces = [_Piece(frame, len(frame)) for frame in frames]
    messages = (_Message * len(frames))(*[_Message(pieces=ctypes.pointer(piece), count=1) for piece in pieces])
    sent = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        raw.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        raw.bind((link, 0))
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            ahead = sent / rate - passed if rate else 0
            if ahead > 0:
                time.sleep(ahead)
            sent += max(0, _libc.sendmmsg(raw.fileno(), messages, len(frames), 0))
    return sent


def dhcp_frames() -> list[bytes]:
    """Return offers to clients and transactions that nobody knows."""
    return [_answer(EVERYBODY, os.urandom(6), int.from_bytes(os.urandom(4), "big"), True) for _ in range(AT_ONCE)]


def answer_frames(mac: bytes, xid: int) -> list[bytes]:
    """Return garbage for one transaction of one client, which no filter by these can tell from an answer."""
    return [_answer(mac, mac, xid, False) for _ in range(AT_ONCE)]


def arp_frames(address: bytes | None = None) -> list[bytes]:
    """Return questions of many for many; or if an address is given, many that say that they have it."""
    return [_arp(address) for _ in range(AT_ONCE)]


def heard_client(link: str) -> tuple[bytes, int]:
    """Wait until a DHCP client on a link says something; return its MAC and transaction."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)) as raw:
        raw.bind((link, ETH_P_IP))
        while True:
            packet = raw.recv(2048)
            if packet[9] == socket.IPPROTO_UDP and packet[22:24] == struct.pack("!H", 67) and packet[28:29] == b"\1":
                return packet[56:62], int.from_bytes(packet[32:36], "big")


def _answer(destination: bytes, mac: bytes, xid: int, sound: bool) -> bytes:
    options = {53: b"\2", 54: SERVER, 51: b"\0\0\x0e\x10", 1: b"\xff\xff\xff\0"}
    payload = dhcpv4.encode(dhcpv4.Message(2, xid, mac, options, yours=bytes((192, 0, 2, os.urandom(1)[0] % 200 + 2))))
    if not sound:
        payload = payload[:236] + os.urandom(64)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0, SERVER, b"\xff" * 4)
    head = head[:10] + struct.pack("!H", dhcpv4.frame.checksum(head)) + head[12:]
    udp = struct.pack("!HHHH", 67, 68, 8 + len(payload), 0)
    return destination + b"\2" + os.urandom(5) + struct.pack("!H", ETH_P_IP) + head + udp + payload


def _arp(address: bytes | None) -> bytes:
    mac = b"\2" + os.urandom(5)
    if address is None:
        body = write_arp(Arp(REQUEST, mac, b"\x0a" + os.urandom(3), bytes(6), b"\x0a" + os.urandom(3)))
    else:
        body = write_arp(Arp(REPLY, mac, address, EVERYBODY, address))
    return EVERYBODY + mac + struct.pack("!H", ETH_P_ARP) + body


def main() -> None:
    """Flood as the command line says."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("kind", choices=("dhcp", "answers", "arp"))
    asked.add_argument("link")
    asked.add_argument("seconds", type=float)
    asked.add_argument("--rate", type=float, default=0, help="packets a second, at most")
    asked.add_argument("--address", help="with arp: the address that everybody claims")
    said = asked.parse_args()
    if said.kind == "dhcp":
        frames = dhcp_frames()
    elif said.kind == "answers":
        frames = answer_frames(*heard_client(said.link))
    else:
        frames = arp_frames(socket.inet_aton(said.address) if said.address else None)
    began = time.monotonic()
    sent = flood(said.link, frames, said.seconds, said.rate)
    print(json.dumps({"kind": said.kind, "sent": sent, "a_second": round(sent / (time.monotonic() - began))}))


if __name__ == "__main__":
    main()
