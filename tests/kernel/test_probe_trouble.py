"""Probes whose link, address, clock or neighbour somebody else changes.

Seen with Linux 6.18, iproute2 6.1.0, nftables 1.0.6.
"""

import os
import sys
import time
from pathlib import Path

import pytest
from tests.kernel.test_probe_ways import ROOT, Internet, internet, printed

from netstrata.testing.child import wait_until
from netstrata.testing.uplinks import ways_between

__all__ = ["internet"]
pytestmark = pytest.mark.kernel
WAYS = {
    "echo": '{"203.0.113.7"}, ["fast": "on"]',
    "neighbour": '{"192.0.2.1"}, ["by": "neighbour", "fast": "on"]',
    "dns": '{"203.0.113.53"}, ["by": "dns", "fast": "on"]',
    "page": '{"http://203.0.113.7/x"}, ["fast": "on"]',
}
each = pytest.mark.parametrize("way", list(WAYS))


def served(internet: Internet) -> None:
    """Have all that is asked."""
    internet.start((sys.executable, "-c", ROOT, "203.0.113.53", "0"), "ready")
    internet.serve("204")


@each
def test_a_probe_goes_with_the_name_of_its_link_and_comes_back_with_it(internet: Internet, way: str) -> None:
    served(internet)
    daemon = internet.probe(WAYS[way])
    wait_until("it is up", lambda: printed(daemon) == ["through"])

    internet.laptop.ip("link set eth0 name wan0")

    wait_until("it is down", lambda: printed(daemon) == ["through", "not through"])
    internet.laptop.ip("link set wan0 name eth0")
    wait_until("it is up again", lambda: printed(daemon) == ["through", "not through", "through"])
    assert daemon.end() == 0
    assert "Traceback" not in daemon.output()


@each
def test_an_address_that_is_lost_is_nothing_that_gets_through_and_another_one_is_used(
    internet: Internet, way: str
) -> None:
    """The daemon puts back its own; this one is of others, and the route, too, with the source of it."""
    served(internet)
    internet.laptop.up("eth0", "192.0.2.2/24")
    internet.laptop.ip("route add default via 192.0.2.1")
    path = internet.folder / "program.ncd"
    path.write_text(f'process p {{ net.probe("eth0", {WAYS[way]}); println("through"); rprintln("not through"); }}')
    words = ("run", "--quiet", "--control", internet.control, "--state", str(internet.folder), str(path))
    daemon = internet.laptop.start((sys.executable, "-m", "netstrata", *words))
    wait_until("it is up", lambda: printed(daemon) == ["through"])

    internet.laptop.ip("addr del 192.0.2.2/24 dev eth0")

    if way != "neighbour":  # which needs none: ARP asks as one that has no address yet
        wait_until("it is down", lambda: printed(daemon) == ["through", "not through"])
    internet.laptop.ip("addr add 192.0.2.3/24 dev eth0", "route add default via 192.0.2.1")
    wait_until("it is up again", lambda: printed(daemon)[-1] == "through")
    assert printed(daemon).count("through") == (1 if way == "neighbour" else 2)
    assert daemon.end() == 0
    internet.laptop.ip("addr flush dev eth0", "link set eth0 down")


@each
def test_the_time_of_day_does_not_matter(internet: Internet, way: str) -> None:
    """A clock of the day that jumps by two days, there and back, each second: by a library before the C library."""
    served(internet)
    library = clock_that_jumps(internet.folder)
    daemon = internet.probe(WAYS[way], {"LD_PRELOAD": str(library)})
    wait_until("it is up", lambda: printed(daemon) == ["through"])

    time.sleep(6)

    assert printed(daemon) == ["through"]
    internet.way.router.ip("route replace blackhole default", "addr del 192.0.2.1/24 dev lan")
    wait_until("it is down", lambda: printed(daemon) == ["through", "not through"], 30)
    daemon.end()


@each
def test_what_gets_through_over_another_link_is_no_answer(internet: Internet, way: str) -> None:
    """There is a second way to all that is asked, which has the default route; the first one ends at the router."""
    other = ways_between(internet.lab, internet.laptop, internet.server, {"eth1": "198.51.100"}, first=1)[0]
    internet.laptop.up("eth1", "198.51.100.2/24")
    internet.laptop.ip("route add default via 198.51.100.1")
    other.router.up("lo", "192.0.2.1/32")
    internet.lab.remember(internet.laptop)
    served(internet)
    internet.way.router.ip("route replace blackhole default", "addr del 192.0.2.1/24 dev lan")
    for address in ("203.0.113.7", "203.0.113.53"):
        assert "dev eth1" in internet.laptop.run("ip", "route", "get", address)

    daemon = internet.probe(WAYS[way])

    wait_until("it is said", lambda: "nothing gets through over eth0" in internet.why())
    assert printed(daemon) == []
    assert daemon.end() == 0


CLOCK = r"""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t which, struct timespec *at) {
    struct timespec now;
    int found = syscall(SYS_clock_gettime, which, at);
    if (which == CLOCK_REALTIME) {
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
        at->tv_sec += now.tv_sec % 2 ? 86400 : -86400;
    }
    return found;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return at ? (*at = now.tv_sec) : now.tv_sec;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


def clock_that_jumps(folder: Path) -> Path:
    """Build a library whose clock of the day is another one each second."""
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(CLOCK)
    assert os.system(f"cc -shared -fPIC -O1 -o {library} {source}") == 0
    return library


LOSS = (
    "add table inet l; add chain inet l c { type filter hook forward priority 0; }; "
    "add rule inet l c numgen random mod 5 0 drop"
)


@pytest.mark.parametrize("way", ["echo", "dns", "page"])
def test_a_fifth_of_all_packets_lost_is_no_reason(internet: Internet, way: str) -> None:
    """Each way, in the router; pages are asked for each 5 s here, with TCP's own patience."""
    served(internet)
    steady = WAYS[way] if way == "page" else WAYS[way].replace('"fast": "on"', '"fast": "off"')
    daemon = internet.probe(steady)
    wait_until("it is up", lambda: printed(daemon) == ["through"])

    internet.way.router.run("nft", LOSS)
    time.sleep(20)

    assert printed(daemon) == ["through"]
    daemon.end()


def test_a_gateway_that_the_kernel_does_not_find_any_more_has_the_page_asked_for_at_once(internet: Internet) -> None:
    """Asked for each 30 s else, known within 45; the kernel says FAILED when it has not been found for 3 s."""
    served(internet)
    daemon = internet.probe('{"http://203.0.113.7/x"}')
    wait_until("it is up", lambda: printed(daemon) == ["through"])
    began_s = time.monotonic()
    internet.way.router.ip("link set lan arp off", "neigh flush all")
    internet.way.router.run(
        "nft", "add table arp a; add chain arp a c { type filter hook input priority 0; policy drop; }"
    )

    internet.laptop.ip("neigh flush all")
    internet.laptop.run("sh", "-c", "busybox ping -c 1 -W 1 192.0.2.1 || true")

    wait_until("it is down", lambda: printed(daemon) == ["through", "not through"])
    assert time.monotonic() - began_s < 25
    daemon.end()


def test_an_interface_that_takes_no_packets_is_nothing_that_gets_through(internet: Internet) -> None:
    """A queue of nothing: the kernel answers ENOBUFS to packet sockets, and takes and drops what others send."""
    served(internet)
    daemon = internet.probe(WAYS["neighbour"])
    wait_until("it is up", lambda: printed(daemon) == ["through"])

    internet.laptop.run("tc", "qdisc", "replace", "dev", "eth0", "root", "pfifo", "limit", "0")

    wait_until("it is down", lambda: printed(daemon) == ["through", "not through"])
    assert "No buffer space available" in daemon.output()
    internet.laptop.run("tc", "qdisc", "del", "dev", "eth0", "root")
    wait_until("it is up again", lambda: printed(daemon) == ["through", "not through", "through"])
    daemon.end()
