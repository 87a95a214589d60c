"""A whole uplink that goes down and up 10,000 times: whether the daemon's memory grows, or its open files do.

    python bench/soak.py [--cycles 10000]

Runs as root, in a lab.  The carrier of a cable goes and comes; with it go and come addresses of both families, routes,
rules, a neighbour, a packet filter, a file and a name server.  The next cycle begins when all is undone, or done.
Prints JSON: memory and open files after the first cycle, when the time line is full (it keeps the last 10,000 events
in memory, and a cycle makes 60), and at the end; exits with 1 if there is more than 1 MB more of the one, or another
number of the other, from when the time line is full on.  Memory is what is the daemon's own (RssAnon): VmRSS has the
undo journal's file as well, which is mapped, grows to some MB and is written anew then.

What grows, by tracemalloc and sys._debugmallocstats in a daemon of CPython 3.11.7:

* until the time line is full, after 167 cycles: its events, 1.9 MB;
* until 750 cycles: tuples of 3, 6 and 17 that are gone, of which CPython keeps up to 2,000 of each length for the next
  (0.6 MB of 64, 88 and 176 bytes each);
* nothing after that, to 10,000 cycles: the garbage collector finds nothing that is gone and not freed
  (tests/kernel/test_garbage.py).

That run said 19.50 MB after the first cycle, 21.97 MB when the time line was full, 22.41 MB at the end; 16 open files.
"""

import argparse
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "attack"))

from laptop import Laptop, laptop
from measure import memory_mb

from kernel import DELADDR, LINK_GROUP, NEWROUTE, OURS, ROUTE_GROUP, destination, open_netlink, our_routes, split
from netstrata.cli.client import Connection
from netstrata.daemon.events.event import KEPT

MOST_MB = 1.0
OWN = "RssAnon"
TIMEOUT_S = 60.0
IPV4_ADDRESS_GROUP = 0x10
FIRST, LAST = "192.0.2.1", "198.51.100.0/24"  # what is done first of all that goes with the carrier, and last
PROGRAM = f"""
process uplink {{
    net.backend.waitdevice("eth0");
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv4.addr("eth0", "{FIRST}/24");
    net.ipv6.addr("eth0", "2001:db8::1/64", ["wait": "off"]);
    net.neigh("eth0", "192.0.2.11", "02:00:00:00:0A:11");
    net.ipv4.route("203.0.113.0/24", "192.0.2.254", "20", "eth0");
    net.ipv6.route("2001:db8:f::/48", "2001:db8::ffff", "20", "eth0");
    net.route("0.0.0.0/0", ["via": "192.0.2.254", "table": "7"]);
    net.rule(["priority": "17", "from": "203.0.113.7", "table": "7"]);
    net.nft.table("inet", "guard");
    net.nft.chain("inet", "guard", "input", ["type": "filter", "hook": "input", "priority": "filter"]);
    net.nft.rule("inet", "guard", "input", "ip saddr 192.0.2.9 tcp dport 22 drop");
    file.write("/run/uplink", "up\\n");
    net.dns({{"192.0.2.53", "2001:db8::53"}}, "20");
    net.ipv4.route("{LAST}", "192.0.2.254", "5", "eth0");
}}
"""


class Cycles:
    """Pulls the laptop's cable and plugs it in again, and hears from the kernel when the daemon has done its part."""

    def __init__(self, soaked: Laptop) -> None:
        self._soaked = soaked
        with soaked.host.inside():
            self._heard = open_netlink(LINK_GROUP | ROUTE_GROUP | IPV4_ADDRESS_GROUP)
        self._heard.settimeout(TIMEOUT_S)

    def __enter__(self) -> "Cycles":
        return self

    def __exit__(self, *error: object) -> None:
        self._heard.close()

    def begin(self) -> None:
        """Wait until the uplink is up."""
        end = time.monotonic() + TIMEOUT_S
        with self._soaked.host.inside():
            while LAST not in our_routes():
                if time.monotonic() > end:
                    raise TimeoutError("the uplink did not come up")
                time.sleep(0.01)

    def run(self) -> None:
        """Lose the carrier, and get it back."""
        cable, host = self._soaked.cable, self._soaked.host
        self._until(lambda: cable.pull(host), _is_down)
        self._until(lambda: cable.plug(host), _is_up)

    def _until(self, act: Callable[[], None], is_done: Callable[[int, bytes], bool]) -> None:
        """Do something, and hear what comes of it; whatever was said before belongs to the time before."""
        acting = threading.Thread(target=act)
        acting.start()
        while not any(is_done(kind, body) for kind, body in split(self._heard.recv(1 << 16))):
            pass
        acting.join()


def _is_down(kind: int, body: bytes) -> bool:
    return kind == DELADDR and socket.inet_aton(FIRST) in body


def _is_up(kind: int, body: bytes) -> bool:
    return kind == NEWROUTE and body[5] == OURS and destination(body) == LAST


def open_files(pid: int) -> int:
    """Return how many descriptors a process has."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def seen(pid: int, when: str) -> dict[str, float]:
    """Return what a process has of memory and of open files, as figures of that moment."""
    return {
        f"{when}_mb": memory_mb(pid, OWN),
        f"{when}_resident_mb": memory_mb(pid),
        f"{when}_open_files": open_files(pid),
    }


def events(soaked: Laptop) -> int:
    """Return how many events there have been."""
    figures = Connection(soaked.control, TIMEOUT_S).call("Figures")["figures"]
    return int(figures["events"])


def measure(count: int) -> dict[str, float]:
    """Cycle so often once the time line is full; return what the daemon had at first, then, and at the end."""
    found: dict[str, float] = {"cycles": count, "events_kept": KEPT}
    with laptop() as soaked, Cycles(soaked) as cycles:
        daemon = soaked.run(PROGRAM)
        cycles.begin()
        cycles.run()
        found |= seen(daemon.pid, "first")
        filling = 1
        while events(soaked) < KEPT:
            cycles.run()
            filling += 1
        cycles.run()  # so that who asked is gone
        found["cycles_until_full"] = filling + 1
        found |= seen(daemon.pid, "full")
        began = time.monotonic()
        for done in range(1, count + 1):
            cycles.run()
            if done % 500 == 0:
                print(done, "cycles:", seen(daemon.pid, "now"), file=sys.stderr)
        found["ms_per_cycle"] = round((time.monotonic() - began) * 1000 / count, 1)
        found |= seen(daemon.pid, "end")
        daemon.end()
    found["growth_until_full_mb"] = round(found["full_mb"] - found["first_mb"], 2)
    found["growth_mb"] = round(found["end_mb"] - found["full_mb"], 2)
    return found


def main() -> int:
    """Measure, print, and say whether it holds."""
    parser = argparse.ArgumentParser(prog="bench/soak.py", description="an uplink that goes down and up; needs root")
    parser.add_argument("--cycles", type=int, default=10_000, help="beside those until the time line is full")
    found = measure(parser.parse_args().cycles)
    print(json.dumps(found, indent=1))
    return 0 if found["growth_mb"] <= MOST_MB and found["end_open_files"] == found["full_open_files"] else 1


if __name__ == "__main__":
    sys.exit(main())
