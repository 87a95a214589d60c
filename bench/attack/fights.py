"""Somebody removes what the daemon holds, 20 times a second; it gives way after ten times, for the retry time."""

import socket
import time

from laptop import laptop
from measure import Figure, Share, wait_ms
from reaction import HELD, uplink

from kernel import open_netlink, our_routes, remove_ours

SECONDS = 60
EVERY_S = 0.05


def run(scale: float) -> list[Figure]:
    """Return what the fight costs, and how often the route came back."""
    with laptop() as attacked:
        daemon = attacked.run(uplink())
        with attacked.host.inside(), open_netlink() as kernel:
            wait_ms(lambda: our_routes() == {HELD}, 60)
            ifindex = socket.if_nametoindex("eth0")
            attempts = removals = 0
            with Share(daemon.pid) as share:
                end = time.monotonic() + max(SECONDS * scale, 1)
                while time.monotonic() < end:
                    attempts += 1
                    removals += remove_ours(kernel, HELD, ifindex)
                    time.sleep(EVERY_S)
        daemon.end()
    return [
        Figure("attempts to remove", attempts),
        Figure("removals of a route that was back", removals),
        Figure("daemon", share.percent, "% of a core", 0.7),
    ]
