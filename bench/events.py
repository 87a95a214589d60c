"""`python bench/events.py [--seconds 60]`: what readers of the time line cost the daemon, as JSON.

A program makes over 10,000 events a second; in turns nobody reads them, and two do, one of which is stuck.  The daemon
must keep its pace (ratio), the reader that reads must miss nothing, the stuck one must be told of the gap and let go,
and memory must not grow.  Exit status 1 if one of these does not hold.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from space import median

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon, Refusal
from netstrata.control.varlink import encode_call

RATE = 10_000  # events a second, at least
SLOWEST = 0.95  # of the pace without readers
GROWTH_KB = 8192
MOST_UNREAD = 30_000  # events; more than the daemon keeps, and buffers hold beside that
WINDOWS = 12  # with readers and without, in turns, so that what else the machine does is in both
ELEMENTS = ", ".join(f'"{number}"' for number in range(14))
PROGRAM = f"""process noise {{
    periodic_timer("1", "8");
    Foreach ({{{ELEMENTS}}} As x) {{ var(x) y; }};
}}
"""


class Daemon:
    """A daemon that makes events."""

    def __init__(self, folder: Path) -> None:
        (folder / "noise.ncd").write_text(PROGRAM)
        self.path = str(folder / "control")
        words = [sys.executable, "-m", "netstrata", "run", "--quiet", "--control", self.path, str(folder / "noise.ncd")]
        self.child = subprocess.Popen(words)
        while True:
            try:
                Connection(self.path)
                return
            except NoDaemon:
                time.sleep(0.01)

    def last(self) -> int:
        """Return the number of the last event, asked in a way that costs little."""
        watched = Connection(self.path).stream("Watch")
        return int(next(watched)["events"][-1]["seq"])

    def memory_kb(self) -> int:
        """Return its resident memory."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def cpu_s(self) -> float:
        """Return how long it has used a processor."""
        words = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """End it."""
        self.child.terminate()
        self.child.wait()


class Reader(threading.Thread):
    """Reads all events."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self._connection = Connection(path)
        self._answers = self._connection.stream("Watch")
        self._enough = threading.Event()
        self.read = self.missed = 0
        self.told_of_gap = False

    def run(self) -> None:
        """Read until the daemon ends."""
        last = 0
        try:
            for answer in self._answers:
                for event in answer["events"]:
                    self.missed += event["seq"] - last - 1 if last else 0
                    last = event["seq"]
                self.read += len(answer["events"])
                if self._enough.is_set():
                    return
        except Refusal:
            self.told_of_gap = True
        except NoDaemon:
            return

    def stop(self) -> None:
        """Read no more."""
        self._enough.set()
        self.join()
        self._connection.close()


class Stuck:
    """Asks for all events, and reads none."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        self._socket.sendall(encode_call("org.netstrata.Control.Watch", {}, more=True))

    def left(self) -> dict[str, Any]:
        """Read what is left: how much, whether the last message tells of the gap, and whether the connection ends."""
        self._socket.settimeout(10)
        data = bytearray()
        try:
            while piece := self._socket.recv(1 << 20):
                data += piece
            ended = True
        except TimeoutError:
            ended = False
        messages = bytes(data).split(b"\0")
        last = messages[-2] if len(messages) > 1 else b""
        return {"bytes": len(data), "told_of_gap": b"org.netstrata.Control.Gap" in last, "let_go": ended}


def _window(daemon: Daemon, seconds: float) -> tuple[float, float]:
    """Return events a second, and the share of a processor."""
    first, cpu, began = daemon.last(), daemon.cpu_s(), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return (daemon.last() - first) / took, (daemon.cpu_s() - cpu) / took


def measure(daemon: Daemon, seconds: float, windows: int) -> dict[str, Any]:
    """Run the daemon with two readers for so long, in windows, and between them without; return what was seen."""
    alone: list[tuple[float, float]] = []
    read: list[tuple[float, float]] = []
    counts = {"read": 0, "missed": 0, "told_of_gap": 0, "stuck": 0, "stuck_told_of_gap": 0, "stuck_let_go": 0}
    time.sleep(2)  # its memory for events fills
    memory = 0
    for _ in range(windows):
        alone.append(_window(daemon, seconds / windows))
        memory = memory or daemon.memory_kb()
        reader, stuck = Reader(daemon.path), Stuck(daemon.path)
        reader.start()
        first = daemon.last()
        read.append(_window(daemon, seconds / windows))
        while daemon.last() < first + MOST_UNREAD:  # a slow machine has not made so many in that time
            time.sleep(0.1)
        left = stuck.left()
        reader.stop()
        for name, found in (("read", reader.read), ("missed", reader.missed), ("told_of_gap", reader.told_of_gap)):
            counts[name] += found
        for name, found in (("stuck", 1), ("stuck_told_of_gap", left["told_of_gap"]), ("stuck_let_go", left["let_go"])):
            counts[name] += found
    return {
        "without_readers": _middle(alone),
        "with_readers": _middle(read),
        "ratio": round(median([rate for rate, _ in read]) / median([rate for rate, _ in alone]), 3),
        "readers": counts,
        "memory_growth_kb": daemon.memory_kb() - memory,
    }


def _middle(windows: list[tuple[float, float]]) -> dict[str, float]:
    return {
        "events_per_s": round(median([rate for rate, _ in windows])),
        "cpu": round(median([cpu for _, cpu in windows]), 3),
    }


def main() -> int:
    """Measure, print, and say whether all holds."""
    parser = argparse.ArgumentParser(description="what readers of the time line cost the daemon")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--windows", type=int, default=WINDOWS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder))
        try:
            found = measure(daemon, options.seconds, options.windows)
        finally:
            daemon.end()
    counts = found["readers"]
    found["holds"] = {
        "rate": found["without_readers"]["events_per_s"] >= RATE,
        "pace": found["ratio"] >= SLOWEST,
        "nothing_missed": counts["missed"] == counts["told_of_gap"] == 0,
        "stuck_dropped": counts["stuck_told_of_gap"] == counts["stuck_let_go"] == counts["stuck"],
        "memory": found["memory_growth_kb"] <= GROWTH_KB,
    }
    print(json.dumps(found, indent=2))
    return 0 if all(found["holds"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
