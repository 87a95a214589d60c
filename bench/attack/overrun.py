"""The daemon stands still while 160,000 changes overrun its queue, among them removals of ten kinds of its things."""

import signal
from pathlib import Path

from laptop import Laptop, laptop
from measure import Figure, wait_ms

CHANGES = 160_000  # of addresses, which it must hear of: the news of foreign routes would not reach its queue
PROGRAM = """
process link { net.bridge("d0"); net.up("d0"); provide("links"); }
process up { depend("links"); net.bridge("d1"); net.up("d1"); }
process mtu { depend("links"); net.bridge("d2"); net.mtu("d2", "1400"); }
process addr4 { depend("links"); net.bridge("d3"); net.ipv4.addr("d3", "192.0.2.3/32"); }
process addr6 { depend("links"); net.bridge("d4"); net.ipv6.addr("d4", "2001:db8::4/128", ["wait": "off"]); }
process route4 { depend("links"); net.ipv4.route("198.51.100.0/24", "blackhole", "5", ""); }
process route6 { depend("links"); net.ipv6.route("2001:db8:1::/48", "blackhole", "5", ""); }
process rule { depend("links"); net.rule(["priority": "100", "from": "192.0.2.0/24", "table": "7"]); }
process neigh { depend("links"); net.bridge("d5"); net.up("d5"); net.neigh("d5", "192.0.2.9", "02:00:00:00:0A:09"); }
process port { depend("links"); net.bridge("br0"); net.veth("d6", "e6"); net.bridge.port("br0", "d6"); provide("all"); }
process last { depend("all"); println("complete"); }
"""
REMOVALS = (
    "link del d0",
    "link set d1 down",
    "link set d2 mtu 1500",
    "addr del 192.0.2.3/32 dev d3",
    "-6 addr del 2001:db8::4/128 dev d4",
    "route del blackhole 198.51.100.0/24 metric 5",
    "-6 route del blackhole 2001:db8:1::/48 metric 5",
    "rule del priority 100",
    "neigh del 192.0.2.9 dev d5",
    "link set d6 nomaster",
)


def _state(attacked: Laptop) -> set[str]:
    """Return what the kernel holds; nothing if that changed too fast for ip to say."""
    neighbours = attacked.host.run("ip", "neigh", "show", "nud", "permanent")
    try:
        return {*attacked.host.kernel().splitlines(), *neighbours.splitlines()}
    except ValueError:  # a table that changed while ip read it: it prints half a line of JSON
        return set()


def _dropped(attacked: Laptop) -> int:
    """Return how many datagrams the laptop's rtnetlink sockets had no room for.  Source: proc(5), /proc/net/netlink."""
    with attacked.host.inside():
        rows = [line.split() for line in Path("/proc/thread-self/net/netlink").read_text().splitlines()]
    names = rows[0]
    return sum(int(row[names.index("Drops")]) for row in rows[1:] if row[names.index("Eth")] == "0")


def run(scale: float) -> list[Figure]:
    """Return how soon everything is back."""
    with laptop() as attacked:
        daemon = attacked.run(PROGRAM)
        daemon.wait_output("complete")
        attacked.host.up("eth0")
        before = _state(attacked)
        daemon.signal(signal.SIGSTOP)
        attacker = attacked.attack("changes.py", "addresses", "eth0", "0", str(int(CHANGES * scale)))
        attacker.wait_output(" changes in ")
        for removal in REMOVALS:
            attacked.host.run("ip", *removal.split())
        dropped = _dropped(attacked)
        removed = len(before - _state(attacked))
        daemon.signal(signal.SIGCONT)
        back = wait_ms(lambda: _state(attacked) == before, 60)
        left = before ^ _state(attacked)
        daemon.end()
    return [
        Figure("changes while it stands still", int(CHANGES * scale)),
        Figure("datagrams that the queue dropped", dropped),
        Figure("lines of the kernel's state gone", removed),
        Figure("all back", round(back, 0), "ms", 1000),
        Figure("never back", len(left), "", 0),
    ]
