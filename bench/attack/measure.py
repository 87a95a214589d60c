"""What a process costs and how long things take, as figures with a target each."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")


class Figure(NamedTuple):
    """One thing that was measured; `most` is the target, None where there is none."""

    name: str
    value: float
    unit: str = ""
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the target is met."""
        return self.most is None or self.value <= self.most


class Share:
    """How much of one core a process uses from the beginning of a block to its end, in percent."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.percent = self.seconds = 0.0

    def __enter__(self) -> "Share":
        self._cpu, self._began = cpu_s(self._pid), time.monotonic()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.monotonic() - self._began
        self.percent = round(100 * (cpu_s(self._pid) - self._cpu) / self.seconds, 2)


def cpu_s(pid: int) -> float:
    """Return how long a process has used a processor, in user and kernel."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """Return a process's resident memory; VmHWM is the most that it ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return round(int(status.partition(what + ":")[2].split()[0]) / 1024, 2)


def quantile(values: list[float], share: float) -> float:
    """Return the value that this share of some values does not exceed: 0.5 is the middle, 1 the largest."""
    return round(sorted(values)[min(int(share * len(values)), len(values) - 1)], 2) if values else -1.0


def wait_ms(holds: Callable[[], bool], most_s: float, pause_s: float = 0.0005) -> float:
    """Return after how many milliseconds something holds; infinity if it does not in time."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > most_s:
            return float("inf")
        time.sleep(pause_s)
    return (time.monotonic() - began) * 1000
