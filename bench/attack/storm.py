"""Somebody changes 31,000 routes a second, a routing daemon for example, and meanwhile removes some of ours."""

import socket
import time

from laptop import laptop
from measure import Figure, Share, quantile, wait_ms

from kernel import open_netlink, our_routes, remove_ours

RATE = 31_000
REMOVALS = 60
EVERY_S = 0.2


def _program(routes: int) -> str:
    lines = "".join(
        f'process r{n} {{ depend("addr"); net.ipv4.route("198.51.100.{n}/32", "none", "5", "eth0"); }}\n'
        for n in range(routes)
    )
    return (
        'process main { net.up("eth0"); net.backend.waitlink("eth0"); net.ipv4.addr("eth0", "192.0.2.1/24");'
        f' provide("addr"); }}\n{lines}'
    )


def run(scale: float) -> list[Figure]:
    """Return what the storm costs, and how soon removed routes of ours are back."""
    removals = max(int(REMOVALS * scale), 3)
    wanted = {f"198.51.100.{n}/32" for n in range(removals)}
    with laptop() as attacked:
        daemon = attacked.run(_program(removals))
        with attacked.host.inside():
            wait_ms(lambda: our_routes() == wanted, 60)
            ifindex = socket.if_nametoindex("eth0")
            count = int(RATE * (EVERY_S * removals + 1))
            attacker = attacked.attack("changes.py", "routes", "eth0", str(RATE), str(count))
            attacker.wait_output("begun")
            back: list[float] = []
            removed = 0
            with open_netlink() as kernel, Share(daemon.pid) as share:
                for n in range(removals):
                    removed += remove_ours(kernel, f"198.51.100.{n}/32", ifindex)
                    back.append(wait_ms(lambda: our_routes() == wanted, 5))
                    time.sleep(max(0.0, EVERY_S - back[-1] / 1000))
            attacker.wait_output(" changes in ")
        changes, seconds = (float(word) for word in attacker.output().split()[1:5:3])
        daemon.end()
    missed = sum(1 for took in back if took == float("inf"))
    return [
        Figure("foreign changes", round(changes / seconds), "/s"),
        Figure("daemon", share.percent, "% of a core", 5),
        Figure("removals missed", missed, f"of {removed}", 0),
        Figure("back, median", quantile(back, 0.5), "ms"),
        Figure("back, worst", quantile(back, 1), "ms"),
    ]
