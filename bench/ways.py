"""From what frees a way to what has waited for it: routes, rules, tables, chains, names, members, ports, addresses.

    python bench/ways.py [KIND ...]

Runs as root in a network namespace of its own; prints JSON: median and worst of 100 rounds, in milliseconds.  Each
round has something in the way of a statement that begins, waits until that has failed, and takes the time from just
before the command that frees the way (ip, nft, or close) until the daemon's log says that the statement is up: both
programs' own time is in it.  `storm` is how much of a core a daemon takes that waits for a route, while others come and
go, and how many of those there are each second.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from space import in_own_namespace, median, shell

ROUNDS = 100
STORM_S = 10
STORM = "".join(
    f"route add 10.{n >> 8}.{n & 255}.0/24 dev d0\nroute del 10.{n >> 8}.{n & 255}.0/24\n" for n in range(2000)
)
PROGRAM = """process main {{ net.backend.waitdevice("go"); {statement} println("up"); }}
template handler {{ println("asked"); }}
"""


class Way(NamedTuple):
    """What is put in the way of a statement, and how it goes."""

    blocks: str
    frees: str
    statement: str


WAYS = {
    "route": Way(
        "ip route add default via 192.0.2.2 metric 20",
        "ip route del default via 192.0.2.2 metric 20",
        'net.ipv4.route("0.0.0.0/0", "192.0.2.3", "20", "d0");',
    ),
    "rule": Way(
        "ip -6 rule add pref 100 from 2001:db8::/32 table 7 proto 110",
        "ip -6 rule del pref 100",
        'net.rule(["priority": "100", "family": "inet6", "table": "7"]);',
    ),
    "table": Way("nft add table inet guard", "nft delete table inet guard", 'net.nft.table("inet", "guard");'),
    "chain": Way(
        "nft add chain inet others input",
        "nft delete chain inet others input",
        'net.nft.chain("inet", "others", "input");',
    ),
    "name": Way("ip link add x0 type bridge", "ip link set x0 name y0", 'net.veth("x0", "x1");'),
    "member": Way("ip link set d0 master br1", "ip link set d0 nomaster", 'net.bridge.port("br0", "d0");'),
    "port": Way("listen", "close", 'sys.request_server({"tcp", {"ipv4", "127.0.0.1", "5555"}}, "handler", {});'),
    "address": Way(
        "ip addr add 2001:db8::1/64 dev d0 nodad",
        "ip addr del 2001:db8::1/64 dev d0",
        'net.ipv6.addr("d0", "2001:db8::1/48", ["wait": "off"]);',
    ),
}


class Daemon:
    """A daemon whose log is read as it comes."""

    def __init__(self, folder: Path, statement: str) -> None:
        program = folder / "program.ncd"
        program.write_text(PROGRAM.format(statement=statement))
        options = ["--state", str(folder), "--control", "none", "--journal", "no", "--retry-time", "600000"]
        words = [sys.executable, "-m", "netstrata", "run", *options, str(program)]
        self.child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def wait_line(self, *words: bytes) -> float:
        """Wait for a line with some words, and return when it was there in milliseconds."""
        assert self.child.stderr is not None
        for line in self.child.stderr:
            if all(word in line for word in words):
                return time.monotonic_ns() / 1e6
        raise AssertionError(f"no line with {words!r}")

    def cpu_s(self) -> float:
        """Return the processor time that it has taken by now."""
        words = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / 100


class Doer:
    """Does what a way says."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def do(self, command: str) -> None:
        """Run a command, or listen, or close."""
        if command == "listen":
            self._socket = socket.create_server(("127.0.0.1", 5555))
        elif command == "close" and self._socket is not None:
            self._socket.close()
        else:
            subprocess.run(command.split(), check=True)


def measure(way: Way, rounds: int) -> list[float]:
    """Return how long each round took, in milliseconds."""
    doer = Doer()
    found: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder), way.statement)
        for _ in range(rounds):
            doer.do(way.blocks)
            shell("ip link add go type bridge")
            daemon.wait_line(b"Trying again")
            begin = time.monotonic_ns() / 1e6
            doer.do(way.frees)
            found.append(daemon.wait_line(b"main.2 ", b"-> up") - begin)
            shell("ip link del go; ip link del y0 2>/dev/null || true")
            daemon.wait_line(b"main.2 ", b"dying -> gone")
        daemon.child.terminate()
        daemon.child.wait()
    return found


def storm(way: Way) -> dict[str, float]:
    """Return what a daemon that waits costs while others change routes."""
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder), way.statement)
        shell(f"{way.blocks}; ip link add go type bridge")
        daemon.wait_line(b"Trying again")
        changes, begin, cpu = 0, time.monotonic(), daemon.cpu_s()
        while time.monotonic() - begin < STORM_S:
            subprocess.run(["ip", "-batch", "-"], input=STORM, text=True, check=True)
            changes += STORM.count("\n")
        passed_s, cpu_s = time.monotonic() - begin, daemon.cpu_s() - cpu
        daemon.child.terminate()
        daemon.child.wait()
    shell(f"{way.frees}; ip link del go")
    return {"changes_per_s": round(changes / passed_s), "of_a_core": round(cpu_s / passed_s, 4)}


def main() -> None:
    """Measure, and print."""
    in_own_namespace()
    shell("ip link set lo up; ip link add d0 type veth peer name e0; ip link set d0 up; ip link set e0 up")
    shell("ip addr add 192.0.2.1/24 dev d0; ip link add br0 type bridge; ip link add br1 type bridge")
    shell("nft add table inet others")
    kinds = sys.argv[1:] or [*WAYS, "storm"]
    if "storm" in kinds:
        kinds.remove("storm")
        print(json.dumps({"storm": storm(WAYS["route"])}), flush=True)
        longer = WAYS["route"]._replace(
            blocks="ip route add 10.200.200.0/24 via 192.0.2.2",
            frees="ip route del 10.200.200.0/24",
            statement='net.ipv4.route("10.200.200.0/24", "192.0.2.3", "0", "d0");',
        )
        print(json.dumps({"storm of routes as long": storm(longer)}), flush=True)
    for kind in kinds:
        times = measure(WAYS[kind], ROUNDS)
        print(json.dumps({kind: {"median_ms": round(median(times), 1), "worst_ms": round(max(times), 1)}}), flush=True)


if __name__ == "__main__":
    main()
