"""A DHCP client that looks for a server hears nothing but 187,000 frames a second of answers that nobody asked for."""

import json
import sys
import time

from laptop import HERE, laptop
from measure import Figure, Share
from reaction import Reactions, uplink

from netstrata.values import Unavailable

RATE = 187_000
SECONDS = 10
FLOOD = HERE.parent / "flood.py"
PROGRAM = uplink() + 'process lease { net.up("eth1"); net.ipv4.dhcp("eth1") lease; println(lease.addr); }\n'


def run(scale: float) -> list[Figure]:
    """Return what the flood costs, and how soon the daemon sees to another link meanwhile."""
    if not FLOOD.exists():
        raise Unavailable("flood a link", f"there is no {FLOOD}")
    found: list[Figure] = []
    for kind in ("dhcp", "answers"):
        found += _flooded(kind, max(SECONDS * scale, 1))
    return found


def _flooded(kind: str, seconds: float) -> list[Figure]:
    with laptop() as attacked, Reactions(attacked) as reactions:
        attacked.lab.cable((attacked.host, "eth1"), (attacked.router, "lan1"))
        attacked.router.up("lan1")
        daemon = attacked.run(PROGRAM)
        words = [sys.executable, str(FLOOD), kind, "lan1", str(seconds), "--rate", str(RATE)]
        flood = attacked.router.start(words)
        with Share(daemon.pid) as share:
            reactions.until(time.monotonic() + seconds, 5)
        flood.wait_output("}")
        sent = json.loads(flood.output())
        daemon.end()
    named = [figure._replace(name=f"{kind}: {figure.name}") for figure in reactions.figures(20)]
    return [
        Figure(f"{kind}: frames", sent["a_second"], "/s"),
        Figure(f"{kind}: daemon", share.percent, "% of a core", 10),
        *named,
    ]
