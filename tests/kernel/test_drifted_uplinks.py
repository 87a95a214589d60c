"""What somebody else takes away from an uplink is back within 100 ms, with what stands above; a fight is damped.

Times are those of the kernel's messages, as `ip -ts monitor` has read them.  Seen with Linux 6.18, iproute2 6.1.0.
"""

import re
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from tests.kernel.netlink.conftest import kernel_lacks
from tests.kernel.test_gateways import Town, defaults, printed, start

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
SOON_S = 0.1
UPLINK = """process {0} {{
    net.up("{0}");
    net.backend.waitlink("{0}");
    net.ipv4.addr("{0}", "{1}.2/24");
    net.gateway("{0}", "{1}.1", ["preference": "{2}"]) uplink;
    net.dns({{"{1}.1"}}, "{2}");
    println("{0} ", uplink.preferred);
}}
"""
BOTH = UPLINK.format("eth0", "192.0.2", 10) + UPLINK.format("eth1", "198.51.100", 20)
FIRST = r"^default via 192\.0\.2\.1 dev eth0"
SECOND = r"^default via 198\.51\.100\.1 dev eth1"
# What is taken away, the line that the kernel writes of that, and the line with which all of it is back.
TAKEN = {
    "addr del 192.0.2.2/24 dev eth0": (r"Deleted .*inet 192\.0\.2\.2/24", rf"{FIRST} proto 110 *$"),
    "addr flush dev eth1": (r"Deleted .*inet 198\.51\.100\.2/24", rf"{SECOND} proto 110 metric"),
    "link set eth0 down": (r"eth0@\w+: <BROADCAST,MULTICAST>", rf"{FIRST} proto 110 *$"),
    "route del default via 192.0.2.1 metric 0": (r"Deleted default .*proto 110 *$", rf"{FIRST} proto 110 *$"),
    "route del default dev eth1": (r"Deleted default .* dev eth1 .*metric", rf"{SECOND} proto 110 metric"),
    "rule del from 192.0.2.2": (r"Deleted 31001:\s+from 192\.0\.2\.2", r"^31001:\s+from 192\.0\.2\.2"),
    "rule del pref 31000": (r"Deleted 31000:", r"^31000:"),
    "route flush table TABLE": (r"Deleted default .*table", rf"{FIRST} table"),
}


@pytest.mark.parametrize("what", TAKEN)
def test_what_somebody_takes_away_is_back_at_once(lab: Lab, tmp_path: Path, what: str) -> None:
    town = Town(lab)
    daemon = start(town.laptop, tmp_path, BOTH)
    wait_until("both", lambda: {"eth0 true", "eth1 false"} <= set(printed(daemon)))
    table = re.findall(r"192\.0\.2\.2 lookup (\d+)", town.laptop.run("ip", "rule"))
    before = town.laptop.kernel()
    monitor = town.laptop.start(("stdbuf", "-oL", "ip", "-ts", "monitor", "link", "address", "route", "rule"))

    def listens() -> bool:
        town.laptop.ip("route add unreachable 198.18.0.1", "route del 198.18.0.1")
        return "198.18.0.1" in monitor.output()

    wait_until("it listens", listens)
    gone, back = TAKEN[what]

    town.laptop.run("ip", *what.replace("TABLE", table[0]).split())

    wait_until("all is as before", lambda: town.laptop.kernel() == before)

    def at_s(pattern: str, since_s: float) -> float:
        """Return when a line as wanted was read, after some time."""
        for line in monitor.output().splitlines():
            stamp, _, text = line.removeprefix("[").partition("] ")
            told_s = datetime.fromisoformat(stamp).timestamp() if text else 0
            if told_s >= since_s and re.search(pattern, text):
                return told_s
        return 0

    wait_until("it is told", lambda: 0 < at_s(gone, 1) <= at_s(back, at_s(gone, 1)))
    took_s = at_s(back, at_s(gone, 1)) - at_s(gone, 1)
    assert took_s < SOON_S, f"{took_s} s"
    monitor.end()
    daemon.end()


def test_a_resolver_file_that_somebody_writes_is_back_at_once(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    daemon = start(town.laptop, tmp_path, BOTH)
    wait_until("both", lambda: {"eth0 true", "eth1 false"} <= set(printed(daemon)))

    def servers() -> list[str]:
        return re.findall(r"^nameserver (\S+)", town.laptop.read("/etc/resolv.conf"), re.MULTILINE)

    wait_until("the servers", lambda: servers() == ["192.0.2.1", "198.51.100.1"])

    town.laptop.write("/etc/resolv.conf", "nameserver 203.0.113.53\n")
    began_s = time.monotonic()
    while servers() != ["192.0.2.1", "198.51.100.1"] and time.monotonic() < began_s + 20:
        time.sleep(0.001)

    assert time.monotonic() - began_s < SOON_S
    daemon.end()


ROUTES = """
import subprocess, sys, time
while True:
    subprocess.run(["ip", "route", "replace", "default", "via", "192.0.2.9", "dev", "eth0", "proto", "bird"])
    time.sleep(0.02)
"""
FLUSHES = ROUTES.replace(
    '"route", "replace", "default", "via", "192.0.2.9", "dev", "eth0", "proto", "bird"',
    '"addr", "flush", "dev", "eth0"',
)


def test_who_puts_another_route_in_the_place_of_the_one_that_counts_is_named_and_not_fought(
    lab: Lab, tmp_path: Path
) -> None:
    """`ip route replace` replaces the first route of that metric, whosever it is: ours."""
    town = Town(lab)
    daemon = start(town.laptop, tmp_path, UPLINK.format("eth0", "192.0.2", 10))
    wait_until("it is up", lambda: "eth0 true" in printed(daemon))

    fighter = town.laptop.start((sys.executable, "-c", ROUTES))

    wait_until("who", lambda: "0.0.0.0/0 via 192.0.2.9 dev eth0 proto bird" in daemon.output())
    lines = len(daemon.output().splitlines())
    time.sleep(2)
    assert len(daemon.output().splitlines()) <= lines + 3
    assert "eth0 false" in printed(daemon) or "eth0 false" in daemon.output()
    fighter.end()
    town.laptop.ip("route del default via 192.0.2.9 dev eth0")
    wait_until("its turn", lambda: defaults(town.laptop)[0] == ("eth0", 0), 20)
    daemon.end()


def test_who_flushes_addresses_for_ever_is_waited_out_and_nobody_of_ours_is_blamed(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    daemon = start(town.laptop, tmp_path, UPLINK.format("eth0", "192.0.2", 10))
    wait_until("it is up", lambda: "eth0 true" in printed(daemon))

    fighter = town.laptop.start((sys.executable, "-c", FLUSHES))

    wait_until("it waits", lambda: "was taken away 11 times in a row" in daemon.output())
    wait_until("it waits longer", lambda: "was taken away 12 times in a row" in daemon.output())
    assert "takes away" not in daemon.output()
    assert "someone removed it" in daemon.output()
    fighter.end()
    wait_until("it is up again", lambda: defaults(town.laptop) != [] and printed(daemon)[-1] == "eth0 true", 60)
    daemon.end()


@pytest.mark.vm("vrf")
@pytest.mark.skipif(kernel_lacks("vrf"), reason="this kernel has no vrf links; tools/vm-tests runs this in another one")
def test_an_uplink_whose_link_goes_into_a_vrf_has_all_its_routes_again(lab: Lab, tmp_path: Path) -> None:
    """Linux 6.1 sets the link down and up, and drops its routes without a word; what it makes for the address is in the
    table of the VRF from then on, and a gateway there is taken for a route in main as well.
    """
    town = Town(lab)
    daemon = start(town.laptop, tmp_path, BOTH)
    wait_until("both", lambda: {"eth0 true", "eth1 false"} <= set(printed(daemon)))
    wait_until("all", lambda: [link for link, _ in defaults(town.laptop)] == ["eth0", "eth1", "eth0"])
    town.laptop.ip("link add red type vrf table 77", "link set red up")
    rules = sorted(line for line in town.laptop.run("ip", "rule").splitlines() if "proto 110" in line)

    for times, act in enumerate(("master red", "nomaster"), 1):
        town.laptop.ip(f"link set eth0 {act}")

        wait_until("it is gone", lambda times=times: daemon.output().count("when eth0 went down") >= times)  # type: ignore[misc]
        wait_until("all is back", lambda: [link for link, _ in defaults(town.laptop)] == ["eth0", "eth1", "eth0"])
        wait_until(
            "the rules",
            lambda: [one for one in sorted(town.laptop.run("ip", "rule").splitlines()) if "110" in one] == rules,
        )
    daemon.end()


def test_a_default_route_of_others_over_a_nexthop_object_is_ours_when_that_is_gone(lab: Lab, tmp_path: Path) -> None:
    """With the object goes the route, without a word: `ip nexthop del`, or its link's carrier."""
    town = Town(lab)
    town.laptop.up("eth0", "192.0.2.2/24")
    town.laptop.ip("nexthop add id 5 via 192.0.2.1 dev eth0", "route add default nhid 5")
    text = 'process p { net.gateway("eth0", "192.0.2.1") uplink; println("eth0 ", uplink.preferred); }'
    daemon = start(town.laptop, tmp_path, text)
    wait_until("it is up", lambda: printed(daemon) == ["eth0 true"])
    assert "default nhid 5" in town.laptop.run("ip", "route")

    town.laptop.ip("nexthop del id 5")

    wait_until("ours", lambda: defaults(town.laptop)[:1] == [("eth0", 0)])
    assert "proto 110" in town.laptop.run("ip", "route", "show", "default").splitlines()[0]
    assert printed(daemon) == ["eth0 true"]
    daemon.end()


@pytest.mark.parametrize("lost", [1, 20])
def test_what_is_taken_away_while_the_queue_runs_over_is_back_all_the_same(lab: Lab, tmp_path: Path, lost: int) -> None:
    """All of the news from some on are lost (ENOBUFS): whatever is held is looked at again each time."""
    town = Town(lab)
    fault = {"NETSTRATA_IMPAIR": f"lost-news:n={lost},times=0"}
    daemon = start(town.laptop, tmp_path, BOTH, fault)
    wait_until("both", lambda: {"eth0 true", "eth1 false"} <= set(printed(daemon)))
    wait_until("all", lambda: [link for link, _ in defaults(town.laptop)] == ["eth0", "eth1", "eth0"])
    before = town.laptop.kernel()

    for what in TAKEN:
        if "TABLE" not in what:
            town.laptop.run("ip", *what.split())
            wait_until(what, lambda: town.laptop.kernel() == before)
    daemon.end()
