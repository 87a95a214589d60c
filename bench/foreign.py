"""What a million routes of others, and ten thousand changes of them a second, cost a daemon that holds uplinks.

    python bench/foreign.py [ROUTES [CHANGES]]

Runs as root, in a lab of hosts in namespaces; prints JSON.  Half of the routes are in the table main, half in one of
their own; all bear the protocol of BIRD.  `start_ms` is from the start of the daemon to the default route that counts,
the least of several, and `start_cpu_ms` what it has computed until then; `react_ms` is from the kernel's message that
the carrier is gone to that of the new default route, the median of several; `core_percent` is the daemon's share of a
core while nothing else happens.  "none" is without routes of others, "there" with them; then they come and go
("storm"), or take each other's place ("replaced").
"""

import json
import os
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from space import median
from uplinks import UPLINK, town

from netstrata.protocols.rtnetlink import encode_route
from netstrata.protocols.rtnetlink.constants import RTN_UNICAST
from netstrata.system.socket_filter import attach_filter
from netstrata.testing.cable import Cable
from netstrata.testing.child import Child
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

ROUTES, CHANGES = 1_000_000, 10_000
STARTS, REACTIONS = 7, 15
BIRD, OURS = 12, 110
MAIN, OTHER = 254, 100
RTM_NEWLINK, RTM_NEWROUTE, RTM_DELROUTE = 16, 24, 25
CREATE, EXCL, REPLACE = 0x400, 0x200, 0x100
RUNNING = 0x40
AT_ONCE = 100
# No end of a route, of new ones ours, and all else: loads the type, then the protocol (bpf(2), classic).
ONLY_OURS = b"".join(
    struct.pack("=HBBI", *one)
    for one in (
        (0x28, 0, 0, 4), (0x15, 4, 0, socket.ntohs(RTM_DELROUTE)), (0x15, 0, 2, socket.ntohs(RTM_NEWROUTE)),
        (0x30, 0, 0, 21), (0x15, 0, 1, OURS),
        (0x06, 0, 0, 0xFFFFFFFF), (0x06, 0, 0, 0),
    )
)  # fmt: skip


def message(kind: int, flags: int, number: int, gateway: bytes, ifindex: int) -> bytes:
    """Return the request that adds or deletes one of the routes."""
    destination = struct.pack(">I", (20 << 24) + number * 8)
    table = MAIN if number % 2 else OTHER
    body = bytearray(encode_route(destination, 29, gateway, ifindex, 0, table, RTN_UNICAST))
    body[5] = BIRD
    return struct.pack("=IHHII", 16 + len(body), kind, 1 | flags, 0, 0) + bytes(body)


def fill(count: int, ifindex: int) -> None:
    """Add so many routes."""
    out = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count))
        gateway = bytes((10, 9, 1, 1))
        out.send(b"".join(message(RTM_NEWROUTE, CREATE | EXCL, number, gateway, ifindex) for number in numbers))


def storm(kind: str, rate: int, ifindex: int) -> None:
    """Change routes for ever: have them come and go, or take each other's place."""
    out = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    numbers = range(1 << 24, (1 << 24) + AT_ONCE)  # behind those that are there
    ways = [bytes((10, 9, 1, 1)), bytes((10, 9, 1, 9))]
    if kind == "storm":
        turns = [(RTM_NEWROUTE, CREATE | EXCL, ways[0]), (RTM_DELROUTE, 0, ways[0])]
    else:
        turns = [(RTM_NEWROUTE, CREATE | REPLACE, way) for way in ways]
    batches = [b"".join(message(what, flags, n, way, ifindex) for n in numbers) for what, flags, way in turns]
    due_s, done = time.monotonic(), 0
    while True:
        out.send(batches[done % 2])
        done += 1
        due_s += AT_ONCE / rate
        time.sleep(max(0.0, due_s - time.monotonic()))
        if not done % 100:
            print(done * AT_ONCE, flush=True)


class RouteListener:
    """Hears of carrier and of our own default routes, whatever others do."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        attach_filter(self._socket, ONLY_OURS)
        self._socket.bind((0, 0x1 | 0x40))  # links and IPv4 routes
        self._socket.settimeout(0.5)
        self._said: list[tuple[str, float]] = []
        self._is_open = True
        self._thread = threading.Thread(target=self._hear)  # so that each is read as it comes
        self._thread.start()

    def _hear(self) -> None:
        while self._is_open:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                continue
            now_s, at = time.monotonic(), 0
            while at + 16 <= len(data):
                length, kind = struct.unpack_from("=IH", data, at)
                self._said += [(word, now_s) for word in self._words(kind, data[at + 16 : at + length])]
                at += (length + 3) & ~3

    def wait(self, since_s: float, word: str) -> float:
        """Wait until something was said, after some time; return when it was first, in seconds."""
        end_s = time.monotonic() + 30
        while time.monotonic() < end_s:
            found = next((when_s for said, when_s in list(self._said) if said == word and when_s >= since_s), None)
            if found is not None:
                return found
            time.sleep(0.002)
        raise TimeoutError(word)

    def close(self) -> None:
        """Hear no more."""
        self._is_open = False
        self._thread.join()
        self._socket.close()

    def _words(self, kind: int, body: bytes) -> Iterator[str]:
        if kind == RTM_NEWLINK:
            yield f"{'carrier' if struct.unpack_from('=I', body, 8)[0] & RUNNING else 'no carrier'}"
        if kind == RTM_NEWROUTE and (body[1], body[4], body[5]) == (0, MAIN, OURS) and b"\x08\0\x06\0" not in body:
            gateway = body.partition(b"\x08\0\x05\0")[2][:4]
            yield f"default {gateway[2]}"


def core_percent(pid: int, seconds: float) -> float:
    """Return the share of a core that a process has for some time."""

    def used_s() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before, began_s = used_s(), time.monotonic()
    time.sleep(seconds)
    return 100 * (used_s() - before) / (time.monotonic() - began_s)


class Measured:
    """A laptop with two uplinks."""

    def __init__(self, laptop: Host, cable: Cable, folder: Path) -> None:
        self._laptop = laptop
        self._cable = cable
        self._folder = folder
        self.listener = laptop.call(RouteListener)
        self._path = folder / "program.ncd"
        self._path.write_text("".join(UPLINK.format(f"eth{at}", at, "") for at in range(2)))

    def _start(self) -> tuple[Child, float, float]:
        words = ("run", "--quiet", "--control", "none", "--state", str(self._folder), str(self._path))
        began_s = time.monotonic()
        daemon = self._laptop.start((sys.executable, "-m", "netstrata", *words))
        there_s = self.listener.wait(began_s, "default 0")
        computed_ns = int(Path(f"/proc/{daemon.pid}/schedstat").read_text().split()[0])
        return daemon, 1000 * (there_s - began_s), computed_ns / 1e6

    def measure(self) -> dict[str, float]:
        """Return what is to be known."""
        starts, computed, reactions = [], [], []
        for at in range(STARTS):
            daemon, took_ms, cpu_ms = self._start()
            starts.append(took_ms)
            computed.append(cpu_ms)
            if at < STARTS - 1:
                daemon.end()
        time.sleep(2)
        for _ in range(REACTIONS):
            began_s = time.monotonic()
            self._cable.pull()
            gone_s = self.listener.wait(began_s, "no carrier")
            reactions.append(1000 * (self.listener.wait(gone_s, "default 1") - gone_s))
            began_s = time.monotonic()
            self._cable.plug()
            self.listener.wait(began_s, "default 0")
            time.sleep(0.3)
        share = core_percent(daemon.pid, 5)
        daemon.end()
        found = {
            "start_ms": min(starts),
            "start_cpu_ms": median(computed),
            "react_ms": median(reactions),
            "worst_react_ms": max(reactions),
        }
        return {**{name: round(value, 2) for name, value in found.items()}, "core_percent": round(share, 2)}


@contextmanager
def changing(laptop: Host, kind: str, rate: int, ifindex: int) -> Iterator[Child]:
    """Have routes of others change meanwhile."""
    child = laptop.start((sys.executable, __file__, "--", kind, str(rate), str(ifindex)))
    try:
        yield child
    finally:
        child.end()


def main() -> None:
    """Measure, and print."""
    if sys.argv[1:2] == ["--"]:
        kind, number, ifindex = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
        fill(number, ifindex) if kind == "fill" else storm(kind, number, ifindex)
        return
    routes, rate = (int(word) for word in [*sys.argv[1:], *map(str, (ROUTES, CHANGES)[len(sys.argv) - 1 :])])
    found: dict[str, Any] = {"routes": routes, "changes": rate}
    with Lab() as lab, tempfile.TemporaryDirectory() as name:
        laptop, ways = town(lab, 2)
        other = lab.host("other")
        lab.cable((laptop, "far0"), (other, "lan"))
        laptop.up("far0", "10.9.1.2/24")
        ifindex = int(laptop.run("cat", "/sys/class/net/far0/ifindex"))
        measured = Measured(laptop, ways[0].cable, Path(name))
        found["none"] = measured.measure()
        laptop.run(sys.executable, __file__, "--", "fill", str(routes), str(ifindex), timeout_s=600)
        found["kernel_has"] = int(laptop.run("sh", "-c", "wc -l < /proc/net/route"))
        found["there"] = measured.measure()
        for kind in ("storm", "replaced"):
            with changing(laptop, kind, rate, ifindex) as child:
                found[kind] = measured.measure()
                found[kind]["changed"] = int((child.output().split() or ["0"])[-1])
        measured.listener.close()
    for kind in ("there", "storm", "replaced"):
        for what in ("start_ms", "start_cpu_ms", "react_ms"):
            found[kind][f"times_{what.removesuffix('_ms')}"] = round(found[kind][what] / found["none"][what], 2)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
