"""How long it takes until another uplink has the default route: after a lost carrier, and behind a silent far end.

    python bench/uplinks.py [UPLINKS]

Runs as root, in a lab of hosts in namespaces; prints JSON, medians of 7.  `carrier_ms` is from the kernel's message
that the carrier is gone to its message of the new default route, as `ip -ts monitor` has read them, so that nothing of
the daemon's own clock counts; `silent_s` and `silent_fast_s` are from the moment in which the first router begins to
drop what is not for itself.  With UPLINKS (2) there are so many of them, each with a router of its own.
"""

import json
import re
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from space import median

from netstrata.testing.cable import Cable
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.testing.uplinks import Way, ways_between

ROUNDS = 7
UPLINK = """process {0} {{
    net.backend.waitdevice("{0}");
    net.up("{0}");
    net.backend.waitlink("{0}");
    net.ipv4.addr("{0}", "10.1.{1}.2/24");
    net.gateway("{0}", "10.1.{1}.1", ["preference": "{1}"]);
    {2}
}}
"""
PROBE = 'net.probe("{0}", {{"203.0.113.7"}}, ["fast": "{1}"]);'
STAMP = re.compile(r"^(?:\[(\S+)\] )?(.*)$")


class Monitor:
    """What the kernel says of links and routes, and when it was read."""

    def __init__(self, host: Host) -> None:
        self._child = host.start(("stdbuf", "-oL", "ip", "-ts", "monitor", "link", "route"))
        time.sleep(0.3)

    def after(self, since_s: float, pattern: str) -> float | None:
        """Return when the first line since some time was read that is as wanted."""
        for line in self._child.output().splitlines():
            found = STAMP.match(line)
            assert found is not None
            at_s = datetime.fromisoformat(found[1]).timestamp() if found[1] else 0.0
            if at_s >= since_s and re.search(pattern, found[2]):
                return at_s
        return None

    def wait(self, since_s: float, pattern: str) -> float:
        """Return when it was, once it is."""
        wait_until(pattern, lambda: self.after(since_s, pattern) is not None)
        found = self.after(since_s, pattern)
        assert found is not None
        return found

    def end(self) -> None:
        """Listen no more."""
        self._child.end()


def town(lab: Lab, count: int) -> tuple[Host, list[Way]]:
    """Make a laptop, a host far away, and ways between them."""
    laptop, server = lab.host("laptop"), lab.host("server")
    server.up("lo", "203.0.113.7/32")
    return laptop, ways_between(lab, laptop, server, {f"eth{at}": f"10.1.{at}" for at in range(count)})


def started(laptop: Host, folder: Path, count: int, probe: str) -> Child:
    """Start a daemon with so many uplinks, of which the first is the best."""
    texts = (UPLINK.format(f"eth{at}", at, probe.replace("{0}", f"eth{at}")) for at in range(count))
    path = folder / "program.ncd"
    path.write_text("".join(texts))
    words = ("run", "--quiet", "--control", "none", "--state", str(folder), str(path))
    daemon = laptop.start((sys.executable, "-m", "netstrata", *words))
    wait_until("all of them", lambda: laptop.run("ip", "route", "show", "default").count("metric") == count)
    time.sleep(3)
    return daemon


FIRST, OTHER = r"^default via 10\.1\.0\.1 dev eth0 proto 110\s*$", r"^default via 10\.1\.1\.1 dev eth1 proto 110\s*$"


def carrier(laptop: Host, count: int, cable: Cable, folder: Path) -> list[float]:
    """Return how many ms it took each time."""
    daemon, monitor = started(laptop, folder, count, ""), Monitor(laptop)
    found = []
    for _ in range(ROUNDS):
        since_s = time.time()
        cable.pull()
        gone_s = monitor.wait(since_s, r"eth0.*NO-CARRIER")
        found.append(1000 * (monitor.wait(since_s, OTHER) - gone_s))
        since_s = time.time()
        cable.plug()
        monitor.wait(since_s, FIRST)
        time.sleep(0.5)
    monitor.end()
    daemon.end()
    return found


def silent(laptop: Host, ways: list[Way], folder: Path, fast: str) -> list[float]:
    """Return how many seconds it took each time."""
    probe = PROBE.replace("{1}", fast).replace("{{", "{").replace("}}", "}")
    found = []
    for at in range(ROUNDS):  # a daemon each: who goes again within a minute must answer longer
        daemon, monitor = started(laptop, folder, len(ways), probe), Monitor(laptop)
        time.sleep(at / ROUNDS)  # at any time between two questions
        since_s = time.time()
        ways[0].router.ip("route replace blackhole default")
        found.append(monitor.wait(since_s, OTHER) - since_s)
        ways[0].router.ip(f"route replace default via {ways[0].beyond}")
        monitor.end()
        daemon.end()
    return found


def main() -> None:
    """Measure, and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    found: dict[str, object] = {"uplinks": count}
    with Lab() as lab, tempfile.TemporaryDirectory() as name:
        laptop, ways = town(lab, count)
        folder = Path(name)
        found["carrier_ms"] = round(median(carrier(laptop, count, ways[0].cable, folder)), 3)
        if count == 2:
            for word, fast in (("silent_s", "off"), ("silent_fast_s", "on")):
                times = silent(laptop, ways, folder, fast)
                found[word] = {"median": round(median(times), 3), "longest": round(max(times), 3)}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
