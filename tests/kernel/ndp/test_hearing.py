"""What is heard of routers that do as they like, and what is said when nothing is heard: Linux 6.18.

A raw socket is given all but what has a wrong checksum: also what has a hop limit under 255, or a source that is not
link-local.  With `disable_ipv6` 1, or an MTU under 1280, nothing comes.
"""

import sys
from pathlib import Path

import pytest
from tests.kernel.ndp.routers import Hearing, cabled
from tests.kernel.test_garbage import left_by

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
SENDING = """
import socket, sys, time
from netstrata.protocols.ndp import Advertisement, encode
from netstrata.protocols.ndp.advertisement import Timed
from netstrata.values import parse_address
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
s.bind((sys.argv[1], 0, 0, socket.if_nametoindex("eth0")))
s.setsockopt(41, socket.IPV6_MULTICAST_HOPS, int(sys.argv[2]))
packet = eval(sys.argv[3]) if len(sys.argv) > 3 else b""
said = Advertisement(1800, dns_servers=(Timed(parse_address(b"2001:db8::53"), 600),), mtu=1480)
while True:
    s.sendto((packet or encode(said)), ("ff02::1", 0, 0, socket.if_nametoindex("eth0")))
    time.sleep(0.2)
"""
LOCAL = "fe80::ff:fe00:a01"


def sending(router: Host, source: str, hop_limit: int, packet: str = "") -> Child:
    """Say the same thing again and again."""
    router.ip("addr replace 2001:db8::1/64 dev eth0 nodad")
    wait_until(
        "a link-local address", lambda: LOCAL in router.run("ip", "-6", "addr", "show", "dev", "eth0", "-tentative")
    )
    return router.start((sys.executable, "-c", SENDING, source, str(hop_limit), *([packet] if packet else [])))


@pytest.mark.parametrize(
    ("source", "hop_limit", "why"),
    [
        (LOCAL, 64, "its hop limit is 64: it may come from another network"),
        ("2001:db8::1", 255, "its source is no link-local address"),
    ],
)
def test_what_may_come_from_elsewhere_does_not_count_and_is_named_once(
    lab: Lab, tmp_path: Path, source: str, hop_limit: int, why: str
) -> None:
    host, router = cabled(lab)
    hearing = Hearing(host, tmp_path, ("routers",))
    child = sending(router, source, hop_limit)

    line = f"an advertisement of {source} does not count: {why}"
    hearing.daemon.wait_output(line)
    child.end()
    sending(router, LOCAL, 255)

    hearing.wait("routers", f'{{["address":"{LOCAL}", "lifetime":"1800", "preference":"medium"]}}')
    assert hearing.daemon.output().count(line) == 1


def test_an_impossible_option_is_left_out(lab: Lab, tmp_path: Path) -> None:
    # RTM_NEWNDUSEROPT passes this RDNSS of half an address on.
    host, router = cabled(lab)
    hearing = Hearing(host, tmp_path, ("routers", "dns_servers"))

    sending(router, LOCAL, 255, 'encode(Advertisement(1800)) + b"\\x19\\2" + bytes(6) + bytes(8)')

    hearing.wait("routers", f'{{["address":"{LOCAL}", "lifetime":"1800", "preference":"medium"]}}')
    hearing.wait("dns_servers", "{}")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            ("net.ipv6.conf.eth0.accept_ra=0",),
            "the kernel would make no addresses and routes of one: net.ipv6.conf.eth0.accept_ra is 0",
        ),
        (
            ("net.ipv6.conf.eth0.forwarding=1",),
            "net.ipv6.conf.eth0.forwarding is 1, and net.ipv6.conf.eth0.accept_ra not 2",
        ),
        (("net.ipv6.conf.eth0.disable_ipv6=1",), "IPv6: net.ipv6.conf.eth0.disable_ipv6 is 1"),
        ((), "a router advertisement on eth0; 2 router solicitations were sent"),
    ],
)
def test_why_says_what_was_asked_and_what_is_in_the_way(
    lab: Lab, tmp_path: Path, settings: tuple[str, ...], words: str
) -> None:
    host, _ = cabled(lab)
    for setting in settings:
        host.sysctl(*setting.split("="))
    hearing = Hearing(host, tmp_path, ("routers",))

    wait_until(words, lambda: words in hearing.why("routers"), 30)


def test_an_mtu_under_1280_is_named_and_routers_are_heard_when_it_is_back(lab: Lab, tmp_path: Path) -> None:
    host, router = cabled(lab)
    host.ip("link set eth0 mtu 1200")
    hearing = Hearing(host, tmp_path, ("mtu",))
    sending(router, LOCAL, 255)
    wait_until("why", lambda: "IPv6: eth0 has an MTU of 1200 bytes, and IPv6 takes 1280" in hearing.why("mtu"), 30)

    host.ip("link set eth0 mtu 1500")

    hearing.wait("mtu", '"1480"')


def test_a_link_that_goes_is_waited_for(lab: Lab, tmp_path: Path) -> None:
    host, router = cabled(lab)
    hearing = Hearing(host, tmp_path, ("mtu",), "--retry-time", "600000")
    sending(router, LOCAL, 255)
    hearing.wait("mtu", '"1480"')

    host.ip("link set eth0 name eth9")
    hearing.wait("mtu", "gone")
    hearing.daemon.wait_output("there is no link eth0")
    host.ip("link set eth9 name eth0")

    hearing.wait("mtu", '"1480"')


def test_what_hears_and_what_advertises_leaves_nothing_to_the_garbage_collector(lab: Lab, tmp_path: Path) -> None:
    host, router = cabled(lab)
    sending(router, LOCAL, 255)
    statements = 'net.ipv6.advertise("eth0", ["prefixes": {"2001:db8:1::/64"}]); net.ipv6.ra("eth0") ra;'

    left = left_by(host, tmp_path, f'net.up("eth0"); backtrack_point() top; {statements} println(ra.mtu, "up");')

    assert left == (0, "{}\n")
