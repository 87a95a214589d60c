"""Somebody without rights opens 256 connections to the control socket and asks for everything, all the time."""

import sys
import time

from laptop import Laptop, laptop
from measure import Figure, Share, memory_mb
from reaction import Reactions, uplink

from netstrata.testing.child import Child

CONNECTIONS = 256
PROCESSES = (300, 20_000)
SECONDS = 10
USER = "65534"


def run(scale: float) -> list[Figure]:
    """Return, for a small and a large program, how the daemon does its work, obeys and answers meanwhile."""
    return [
        figure._replace(name=f"{count} processes: {figure.name}")
        for count in (max(int(processes * min(scale, 1)), 30) for processes in PROCESSES)
        for figure in _measured(count, max(SECONDS * scale, 1))
    ]


def _program(processes: int) -> str:
    return uplink() + "".join(f'process p{n} {{ var("{n}") value; }}\n' for n in range(processes))


def _measured(processes: int, seconds: float) -> list[Figure]:
    with laptop() as attacked:
        program = _program(processes)
        alone = attacked.run(program)
        undo = _ended_ms(alone)
        daemon = attacked.run(program)
        attacker = attacked.attack("readers_attacker.py", attacked.control, str(CONNECTIONS), user=USER)
        attacker.wait_output("begun")
        with Reactions(attacked) as reactions, Share(daemon.pid) as share:
            reactions.until(time.monotonic() + seconds, 5)
        status = _answered_ms(attacked)
        memory = memory_mb(daemon.pid, "VmHWM")
        ended = _ended_ms(daemon)
        attacker.end()
    return [
        Figure("daemon", share.percent, "% of a core"),
        Figure("memory at most", memory, "MB"),
        *reactions.figures(20),
        Figure("root's `netstrata status`", round(status, 0), "ms"),
        Figure("SIGTERM obeyed, unattacked", round(undo, 0), "ms"),
        Figure("SIGTERM obeyed", round(ended, 0), "ms", round(undo, 0) + 100),
    ]


def _ended_ms(daemon: Child) -> float:
    began = time.monotonic()
    daemon.end()
    return (time.monotonic() - began) * 1000


def _answered_ms(attacked: Laptop) -> float:
    """Return after what time root is told the state; infinity if he is not."""
    began = time.monotonic()
    asked = attacked.host.start((sys.executable, "-m", "netstrata", "status", "--control", attacked.control))
    return (time.monotonic() - began) * 1000 if asked.status() == 0 else float("inf")
