"""Carrier lost, to route and address gone: from the kernel's one notification to its other ones."""

import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from space import NCD, median, shell

ROUNDS = 100
PROGRAM = """process main {
    net.up("v0");
    net.backend.waitlink("v0");
    net.ipv4.addr("v0", "10.0.0.1/24");
    net.ipv4.route("10.9.0.0/16", "10.0.0.2", "5", "v0");
}
"""
RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE = 1, 0x10, 0x40
RTM_NEWLINK, RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE, RTM_DELROUTE = 16, 20, 21, 24, 25
IFF_RUNNING = 0x40
STATIC_PROTOCOL = 110  # ours


class Subscriber:
    """A socket that hears what the kernel says of links, addresses and routes."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.bind((0, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE))
        self._socket.settimeout(10)

    def heard(self) -> list[tuple[str, float]]:
        """Wait for notifications and return what they say, with the time in milliseconds."""
        data = self._socket.recv(65536)
        now = time.monotonic_ns() / 1e6
        said: list[tuple[str, float]] = []
        at = 0
        while at + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, at)
            body = data[at + 16 : at + length]
            if kind == RTM_NEWLINK:
                flags = struct.unpack_from("=I", body, 8)[0]
                said.append(("carrier" if flags & IFF_RUNNING else "no carrier", now))
            elif kind in (RTM_NEWADDR, RTM_DELADDR):
                said.append(("address" if kind == RTM_NEWADDR else "no address", now))
            elif kind in (RTM_NEWROUTE, RTM_DELROUTE) and body[5] == STATIC_PROTOCOL:
                said.append(("route" if kind == RTM_NEWROUTE else "no route", now))
            at += (length + 3) & ~3
        return said

    def wait(self, *words: str) -> dict[str, float]:
        """Wait until all of some things were said; return when each was said first."""
        times: dict[str, float] = {}
        while not all(word in times for word in words):
            for word, when in self.heard():
                times.setdefault(word, when)
        return times


def while_running(ear: Subscriber, command: str, *words: str) -> dict[str, float]:
    """Listen while a command does something, so that times are those of the notifications."""
    child = subprocess.Popen(command.split())
    times = ear.wait(*words)
    child.wait()
    return times


def figures(values: list[float]) -> dict[str, float]:
    return {"median_ms": round(median(values), 3), "worst_ms": round(max(values), 3)}


def measure() -> dict[str, Any]:
    """Take the carrier away and give it back, a hundred times."""
    shell("ip link add v0 type veth peer name v1; ip link set v1 up")
    ear = Subscriber()
    lost: dict[str, list[float]] = {"route_gone": [], "address_gone": [], "all_back": []}
    with tempfile.TemporaryDirectory() as name:
        program = Path(name) / "carrier.ncd"
        program.write_text(PROGRAM)
        daemon = subprocess.Popen([*NCD, str(program)])
        try:
            ear.wait("route")
            for _ in range(ROUNDS):
                times = while_running(ear, "ip link set v1 down", "no carrier", "no route", "no address")
                lost["route_gone"].append(times["no route"] - times["no carrier"])
                lost["address_gone"].append(times["no address"] - times["no carrier"])
                times = while_running(ear, "ip link set v1 up", "carrier", "address", "route")
                lost["all_back"].append(times["route"] - times["carrier"])
        finally:
            daemon.terminate()
            daemon.wait()
    shell("ip link del v0")
    return {"rounds": ROUNDS, **{what: figures(values) for what, values in lost.items()}}
