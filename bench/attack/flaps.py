"""A host with 2,000 links, of which 3,000 times one goes down or up, none of them ours."""

import time

from laptop import laptop
from measure import Figure, Share, memory_mb
from reaction import Reactions, uplink

LINKS = 2000
FLAPS = 3000
PROGRAM = uplink() + "process links { net.watch_interfaces() change; change->nextevent(); }\n"


def _pair(number: int) -> str:
    return f"link add f{2 * number} type veth peer name f{2 * number + 1}\n"


def run(scale: float) -> list[Figure]:
    """Return memory and processor, and how soon the daemon sees to our own link meanwhile."""
    links, flaps = max(int(LINKS * scale), 10), max(int(FLAPS * scale), 20)
    with laptop() as attacked:
        daemon = attacked.run(PROGRAM)
        before = memory_mb(daemon.pid)
        attacked.host.run("ip", "-batch", "-", given="".join(_pair(n) for n in range(links // 2)))
        words = (f"link set f{n // 2 % links // 2 * 2} {'down' if n % 2 else 'up'}\n" for n in range(flaps))
        script = attacked.folder / "flaps"
        script.write_text("".join(words))
        with Reactions(attacked) as reactions, Share(daemon.pid) as share:
            attacker = attacked.host.start(("ip", "-batch", str(script)))
            while attacker.running or len(reactions.lost) < 5:
                reactions.cycle()
            reactions.until(time.monotonic(), 5)
        most, after = memory_mb(daemon.pid, "VmHWM"), memory_mb(daemon.pid)
        daemon.end()
    return [
        Figure("links", links),
        Figure("flaps", flaps),
        Figure("daemon", share.percent, "% of a core"),
        Figure("memory before", before, "MB"),
        Figure("memory after", after, "MB"),
        Figure("memory at most", most, "MB", 48),
        *reactions.figures(20),
    ]
