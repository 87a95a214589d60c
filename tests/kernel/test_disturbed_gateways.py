"""Uplinks whose links, routes and rules somebody else changes, or that stand in each other's way.

Seen with Linux 6.18, iproute2 6.1.0.
"""

from pathlib import Path

import pytest
from tests.kernel.test_gateways import Told, Town, defaults, printed, program, start

from netstrata.testing.child import Child, wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
BARE = """process p{2} {{
    net.gateway("{0}", "{1}", ["preference": "{2}"]) uplink;
    println("eth {2} ", uplink.preferred);
}}
"""
TUNNEL = """process tunnel {
    net.tun("tun0", "tun");
    net.up("tun0");
    net.addr("tun0", "10.9.0.2/32");
    net.gateway("tun0", "none", ["kind": "vpn", "preference": "1", "server": "100.64.0.7"]);
    println("eth up");
}
"""


def last(daemon: Child) -> dict[str, str]:
    """Return what each process has printed last."""
    return dict(line.rsplit(" ", 1) for line in printed(daemon))


def test_an_uplink_falls_when_its_link_has_another_name_and_the_next_one_is_there_before(
    lab: Lab, tmp_path: Path
) -> None:
    """The kernel renames a link that is up, and its routes stay; another link that is given the name is another one."""
    town = Town(lab)
    town.laptop.up("eth0", "192.0.2.2/24")
    town.laptop.up("eth1", "198.51.100.2/24")
    text = BARE.format("eth0", "192.0.2.1", 1) + BARE.format("eth1", "198.51.100.1", 2)
    daemon = start(town.laptop, tmp_path, text)
    wait_until("both", lambda: last(daemon) == {"eth 1": "true", "eth 2": "false"})

    town.laptop.ip("link set eth0 name wan0")

    wait_until("the other one", lambda: ("eth1", 0) in defaults(town.laptop))
    wait_until("it is gone", lambda: {link for link, _ in defaults(town.laptop)} == {"eth1"})
    assert "cannot use eth0 as an uplink: there is no link eth0" in daemon.output()
    town.laptop.ip("link set wan0 name eth0")
    wait_until("the first one again", lambda: ("eth0", 0) in defaults(town.laptop))
    daemon.end()


def test_a_probe_follows_the_name_of_its_link_to_another_one(lab: Lab, tmp_path: Path) -> None:
    """A socket that is bound to a link stays bound to its index, which no other link will have."""
    town = Town(lab)
    town.laptop.up("eth0", "192.0.2.2/24")
    text = 'process p { net.probe("eth0", {"192.0.2.1"}); println("eth up"); rprintln("eth down"); }'
    daemon = start(town.laptop, tmp_path, text)
    wait_until("it is up", lambda: printed(daemon) == ["eth up"])

    town.laptop.ip("link del eth0")

    wait_until("it is down", lambda: printed(daemon) == ["eth up", "eth down"])
    assert "cannot probe over eth0: there is no link eth0" in daemon.output()
    town.laptop.ip("link set eth1 name eth0")
    (router,) = (host for host in lab.hosts if host.name == "router-eth1")
    router.ip("addr add 192.0.2.1/24 dev lan")
    town.laptop.up("eth0", "192.0.2.2/24")
    wait_until("it is up again", lambda: printed(daemon) == ["eth up", "eth down", "eth up"])
    daemon.end()


def test_the_way_to_the_server_of_a_tunnel_is_put_back_however_often_it_is_deleted(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    daemon = start(town.laptop, tmp_path, program("eth0") + TUNNEL)

    def is_pinned() -> bool:
        return "via 192.0.2.1 dev eth0" in town.laptop.run("ip", "route", "get", "100.64.0.7")

    wait_until("all of it", lambda: "eth up" in printed(daemon) and is_pinned())
    town.laptop.ip("route del 100.64.0.7")
    wait_until("it is back at once", is_pinned)

    town.laptop.ip("route del 100.64.0.7")

    wait_until("it is back later", is_pinned, 15)
    daemon.end()


def test_a_route_of_others_to_the_server_of_a_tunnel_stays_and_is_said_once(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    town.laptop.up("eth2", "203.0.113.2/24")
    town.laptop.ip("route add 100.64.0.7 via 203.0.113.1 dev eth2")
    daemon = start(town.laptop, tmp_path, program("eth0") + TUNNEL)
    wait_until("up", lambda: "eth up" in printed(daemon) and "eth0 false" in printed(daemon))

    town.laptop.ip("route del default dev tun0")

    wait_until("it is back", lambda: "on tun0: someone removed or replaced it; it was put back" in daemon.output())
    said = daemon.output().count("cannot add route 100.64.0.7/32")
    assert said == 1
    assert "via 203.0.113.1 dev eth2" in town.laptop.run("ip", "route", "get", "100.64.0.7")
    daemon.end()


def test_one_gateway_that_is_said_twice_has_the_default_route_of_the_better_preference(
    lab: Lab, tmp_path: Path
) -> None:
    """The process that is written last begins first; the one after it wants the very same route."""
    town = Town(lab)
    town.laptop.up("eth0", "192.0.2.2/24")
    lab.remember(town.laptop)
    daemon = start(town.laptop, tmp_path, BARE.format("eth0", "192.0.2.1", 1) + BARE.format("eth0", "192.0.2.1", 2))

    wait_until("both", lambda: last(daemon) == {"eth 1": "true", "eth 2": "false"})

    assert [link for link, metric in defaults(town.laptop) if not metric] == ["eth0"]
    daemon.end()
    assert lab.leftovers() == []


def test_of_several_gateways_on_one_link_what_is_bound_to_its_address_takes_the_best(lab: Lab, tmp_path: Path) -> None:
    """A TCP connection looks up its route once more with the address that it got: no rule may lead it off."""
    town = Town(lab)
    town.laptop.up("eth0", "192.0.2.2/24")
    town.laptop.up("eth1", "198.51.100.2/24")
    texts = (("eth0", "192.0.2.1", 1), ("eth1", "198.51.100.1", 2), ("eth0", "192.0.2.254", 3))
    daemon = start(town.laptop, tmp_path, "".join(BARE.format(*one) for one in texts))
    wait_until("all", lambda: last(daemon) == {"eth 1": "true", "eth 2": "false", "eth 3": "false"})

    way = town.laptop.run("ip", "route", "get", "9.9.9.9", "from", "192.0.2.2")

    assert "via 192.0.2.1 dev eth0" in way
    assert town.laptop.run("ip", "rule").count("from 192.0.2.2 lookup") == 1
    daemon.end()


@pytest.mark.parametrize("write", [4, 6, 7, 8])
def test_a_rule_or_table_that_the_kernel_refuses_is_said_and_tried_again(lab: Lab, tmp_path: Path, write: int) -> None:
    """The second uplink has the others routed by source: what is refused there costs no uplink."""
    town = Town(lab)
    town.laptop.up("eth0", "192.0.2.2/24")
    town.laptop.up("eth1", "198.51.100.2/24")
    texts = (("eth0", "192.0.2.1", 1), ("eth1", "198.51.100.1", 2))
    sources = (("eth0", "192.0.2.2"), ("eth1", "198.51.100.2"))

    def is_by_source(link: str, source: str) -> bool:
        return f"dev {link} table" in town.laptop.run("ip", "route", "get", "9.9.9.9", "from", source)

    impair = f"refused:errno=EBUSY,n={write}"

    daemon = start(town.laptop, tmp_path, "".join(BARE.format(*one) for one in texts), {"NETSTRATA_IMPAIR": impair})

    wait_until("both", lambda: last(daemon) == {"eth 1": "true", "eth 2": "false"})
    wait_until("it is said", lambda: daemon.output().count("Device or resource busy") == 1)
    wait_until("both by source", lambda: all(is_by_source(*one) for one in sources), 15)
    daemon.end()


def test_a_router_that_could_not_be_read_is_found_without_another_word_of_the_kernel(lab: Lab, tmp_path: Path) -> None:
    """A table that changes while it is read is read again, and not for ever."""
    town = Town(lab)
    town.laptop.up("eth0")
    wait_until("a network", lambda: "fe80::/64" in town.laptop.run("ip", "-6", "route"))
    town.laptop.run("ip", "-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0", "proto", "ra")
    text = 'process p { net.gateway("eth0", "advertised") uplink; println("eth ", uplink.preferred); }'

    daemon = start(town.laptop, tmp_path, text, {"NETSTRATA_IMPAIR": "torn-dumps:n=1,times=12"})

    wait_until("it is found", lambda: printed(daemon) == ["eth true"], 25)
    daemon.end()


def test_another_router_on_a_link_takes_the_place_of_the_last_one_and_no_other_uplink_does(
    lab: Lab, tmp_path: Path
) -> None:
    """The kernel has both as two ways of one route for a moment, which it tells of in several lines."""
    town = Town(lab)
    for link in ("eth0", "eth1"):
        town.laptop.up(link)
    wait_until("both", lambda: town.laptop.run("ip", "-6", "route").count("fe80::/64") == 2)
    advertised = ("via", "fe80::1", "dev", "eth0", "proto", "ra")
    town.laptop.run("ip", "-6", "route", "add", "default", *advertised)
    text = BARE.format("eth0", "advertised", 1) + BARE.format("eth1", "fe80::1", 2)
    daemon = start(town.laptop, tmp_path, text)
    wait_until("the first", lambda: last(daemon) == {"eth 1": "true", "eth 2": "false"})
    said, told = printed(daemon), Told(town.laptop)

    town.laptop.run("ip", "-6", "route", "replace", "default", "via", "fe80::9", "dev", "eth0", "proto", "ra")

    def counts() -> str:
        return town.laptop.run("ip", "-6", "route", "show", "default", "proto", "110", "metric", "512")

    wait_until("the new one", lambda: counts().startswith("default via fe80::9 dev eth0"))
    wait_until("the old one is gone", lambda: any("Deleted default via fe80::1" in line for line in told.lines()))
    high = [line for line in told.lines() if "metric 512" in line]
    assert [line.split(" proto")[0] for line in high] == ["default", "Deleted default via fe80::1 dev eth0"]
    assert printed(daemon) == said
    told.end()
    daemon.end()


@pytest.mark.parametrize("write", [9, 10])
def test_a_daemon_killed_while_another_uplink_becomes_the_best_is_followed_to_the_same_end(
    lab: Lab, tmp_path: Path, write: int
) -> None:
    """Killed before the new default route is there, or before the old one goes: two are there of one metric.

    To delete the one that was never there, without a metric, the kernel takes the one of its uplink that has one.
    """
    town = Town(lab)
    town.laptop.up("eth0", "192.0.2.2/24")
    town.laptop.up("eth1", "198.51.100.2/24")
    lab.remember(town.laptop)
    text = BARE.format("eth0", "192.0.2.1", 1) + BARE.format("eth1", "198.51.100.1", 2)
    killed = start(town.laptop, tmp_path, text, {"NETSTRATA_IMPAIR": f"kill:at=write,n={write}"})
    killed.status()
    assert [link for link, metric in defaults(town.laptop) if not metric] == ["eth0", "eth1"][10 - write :]

    daemon = start(town.laptop, tmp_path, text)

    wait_until("both", lambda: last(daemon) == {"eth 1": "true", "eth 2": "false"})
    wait_until("three", lambda: [bool(metric) for _, metric in defaults(town.laptop)] == [False, True, True])
    assert defaults(town.laptop)[0] == ("eth0", 0)
    daemon.end()
    assert lab.leftovers() == []


def test_a_cable_that_bounces_is_no_fight_and_one_who_deletes_the_route_again_and_again_is(
    lab: Lab, tmp_path: Path
) -> None:
    town = Town(lab)
    town.pull("eth2")
    daemon = start(town.laptop, tmp_path, program("eth0", "eth1"))
    wait_until("both", lambda: town.defaults() == town.wanted())
    for _ in range(4):
        town.pull("eth0")
        wait_until("the other one", lambda: town.defaults() == town.wanted())
        town.plug("eth0")
        wait_until("the first again", lambda: town.defaults() == town.wanted())
    assert "it is put back in" not in daemon.output()

    for at in range(2):
        town.laptop.ip("route del default via 192.0.2.1 metric 0")
        wait_until("it is said", lambda at=at: daemon.output().count("it was put back") > at or said(daemon))  # type: ignore[misc]

    assert said(daemon)
    assert ("eth0", 0) not in town.defaults()
    wait_until("it is back", lambda: town.defaults() == town.wanted())
    daemon.end()


def said(daemon: Child) -> bool:
    """Say whether it was said that something waits until somebody else leaves it alone."""
    return "someone removed or replaced it; it is put back in 10 s" in daemon.output()
