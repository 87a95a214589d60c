"""An uplink with an address, a route and a name server comes and goes 2,000 times."""

from laptop import laptop
from measure import Figure, memory_mb
from reaction import Reactions, uplink

CYCLES = 2000
FIRST = 0.5  # of them, in which the daemon's memory for events fills, if it is not scaled down
PROGRAM = uplink().replace("; }", '; net.dns({"192.0.2.254"}, "20"); }')


def run(scale: float) -> list[Figure]:
    """Return by how much memory has grown."""
    cycles = max(int(CYCLES * scale), 10)
    with laptop() as attacked, Reactions(attacked) as reactions:
        daemon = attacked.run(PROGRAM)
        reactions.until(0, int(cycles * FIRST))
        before = memory_mb(daemon.pid)
        reactions.until(0, cycles)
        after = memory_mb(daemon.pid)
        daemon.end()
    return [
        Figure("cycles", len(reactions.lost)),
        Figure("memory", after, "MB"),
        Figure("memory growth", round(after - before, 2), "MB", 1 if scale >= 1 else None),
        *reactions.figures(),  # with the name server undone before the route,
    ]
