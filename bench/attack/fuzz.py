"""A million messages to the control socket, from root, who may use every verb: hostile values, and what is no call."""

import time

from laptop import laptop
from measure import Figure, memory_mb
from reaction import uplink

MESSAGES = 1_000_000
PER_S = 500  # at the least; slower is given up
SEED = "1"


def run(scale: float) -> list[Figure]:
    """Return how many tracebacks the log has, and how many calls had no answer."""
    messages = max(int(MESSAGES * scale), 1000)
    with laptop() as attacked:
        daemon = attacked.run(uplink())
        before = memory_mb(daemon.pid)
        began = time.monotonic()
        attacker = attacked.attack("fuzz_attacker.py", attacked.control, str(messages), SEED)
        attacker.wait_output("sent ", timeout_s=60 + messages / PER_S)
        took = time.monotonic() - began
        words = attacker.output().rpartition("sent ")[2].split()
        log = daemon.output()
        growth = memory_mb(daemon.pid) - before
        daemon.end()
    return [
        Figure("messages", int(words[0])),
        Figure("messages a second", round(int(words[0]) / took), "/s"),
        Figure("tracebacks", log.count("Traceback"), "", 0),
        Figure("calls without an answer", int(words[2]), "", 0),
        Figure("connections not let go", int(words[4]), "", 0),
        Figure("memory growth", round(growth, 2), "MB"),
    ]
