"""How long a turn of the daemon's loop is while 50 clients ask everything of a program of 20,000 processes.

python bench/turns.py [SECONDS]: prints JSON.  A turn is what passes between two looks at the kernel's messages and at
signals, in milliseconds: of the processor's time, which other programs do not disturb, and of the clock's.
"""

import asyncio
import json
import multiprocessing
import selectors
import socket
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from netstrata.daemon.control import ControlSocket
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.running import garbage
from netstrata.engine.environment import Retry
from netstrata.testing.play import Play

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.daemon.standing import service_of

CLIENTS = 50
PROCESSES = 20_000
SECONDS = 20.0
NAME = "org.netstrata.Control"
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Status", {"below": True}), ("Why", {"process": "p1"}), ("Why", {"process": "nobody"}), ("Watch", {"after": 0}),
    ("Graph", {}), ("Links", {}), ("Figures", {}), ("Files", {}), ("Goals", {}), ("Source", {}),
    ("Restart", {"process": "nobody"}), ("Show", {"name": "nothing"}), ("Ask", {"goal": "nothing"}),
    ("Drop", {"goal": "nothing"}),
)  # fmt: skip


class Client:
    """A client that asks one thing after the other."""

    def __init__(self, path: str, first: int) -> None:
        self._next = first
        self.answers = 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.ask()

    def ask(self) -> None:
        """Ask the next thing."""
        verb, parameters = CALLS[self._next % len(CALLS)]
        self._next += 1
        self.socket.sendall(json.dumps({"method": f"{NAME}.{verb}", "parameters": parameters}).encode() + b"\0")

    def read(self) -> None:
        """Read what there is, and ask again when an answer has ended."""
        if self.socket.recv(1 << 20).endswith(b"\0"):
            self.answers += 1
            self.ask()


def ask_everything(path: str, answers: Any) -> None:
    """Ask until the daemon has ended, and count the answers."""
    clients = [Client(path, number) for number in range(CLIENTS)]
    ready = selectors.DefaultSelector()
    for client in clients:
        ready.register(client.socket, selectors.EVENT_READ, client)
    with suppress(OSError):
        while True:
            for key, _ in ready.select():
                key.data.read()
                answers.value = sum(client.answers for client in clients)


async def _turns(seconds: float, folder: str) -> dict[str, Any]:
    stream = EventLog(Retry(1))
    text = "".join(f'process p{n} {{ var("{n}") value; depend("n{n % 100}"); }}\n' for n in range(PROCESSES))
    play = Play(text, observer=stream)
    control = ControlSocket(f"{folder}/control", service_of(play, stream, Path(folder)))
    await control.open()
    garbage.keep_off()
    garbage.freeze()
    answers = multiprocessing.Value("q", 0)
    asking = multiprocessing.Process(target=ask_everything, args=(control.path, answers))
    asking.start()
    clock, processor = [], []
    end = time.monotonic() + seconds
    before = time.monotonic(), time.thread_time()
    while before[0] < end:
        await asyncio.sleep(0)
        now = time.monotonic(), time.thread_time()
        clock.append(now[0] - before[0])
        processor.append(now[1] - before[1])
        before = now
    asking.terminate()
    control.close()
    told = {"clients": CLIENTS, "processes": PROCESSES, "seconds": seconds, "answers": answers.value}
    return {**told, "turns": len(clock), "processor_ms": _shares(processor), "clock_ms": _shares(clock)}


def _shares(times: list[float]) -> dict[str, float]:
    """Return the median, two high percentiles and the longest of some times, in milliseconds."""
    times.sort()
    places = {"median": len(times) // 2, "99": len(times) * 99 // 100, "99.9": len(times) * 999 // 1000, "longest": -1}
    return {name: round(times[place] * 1000, 2) for name, place in places.items()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as at:
        Path(at).chmod(0o755)
        given = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
        print(json.dumps(asyncio.run(_turns(given, at)), indent=2))
