"""Uplinks: every order of their coming and going, in the kernel's own tables.

Seen with Linux 6.18, iproute2 6.1.0.
"""

import re
import signal
import sys
from pathlib import Path

import pytest

from netstrata.testing.cable import Cable
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.testing.uplinks import ways_between

pytestmark = pytest.mark.kernel
HIGHEST = 4294967295
UPLINK = """process {0} {{
    net.backend.waitdevice("{0}");
    net.up("{0}");
    net.backend.waitlink("{0}");
    net.ipv4.addr("{0}", "{1}.2/24");
    net.gateway("{0}", "{1}.1", ["preference": "{2}"]) uplink;
    println("{0} ", uplink.preferred);
}}
"""
NETWORKS = {"eth0": "192.0.2", "eth1": "198.51.100", "eth2": "203.0.113"}  # best first


class Town:
    """A laptop with a cable to each of three routers."""

    def __init__(self, lab: Lab) -> None:
        self.laptop = lab.host("laptop")
        self.cables: dict[str, Cable] = {}
        for link, network in NETWORKS.items():
            router = lab.host(f"router-{link}")
            self.cables[link] = lab.cable((self.laptop, link), (router, "lan"))
            router.up("lan", f"{network}.1/24")
        self.plugged = set(NETWORKS)

    def pull(self, link: str) -> None:
        self.cables[link].pull()
        self.plugged.discard(link)

    def plug(self, link: str) -> None:
        self.cables[link].plug()
        self.plugged.add(link)

    def defaults(self) -> list[tuple[str, int]]:
        """Return link and metric of each default route, as the kernel looks for them."""
        return defaults(self.laptop)

    def wanted(self) -> list[tuple[str, int]]:
        index = {link: int(self.laptop.run("cat", f"/sys/class/net/{link}/ifindex")) for link in self.plugged}
        best = [(link, 0) for link in NETWORKS if link in self.plugged][:1]
        return best + sorted(((link, HIGHEST - number) for link, number in index.items()), key=lambda one: one[1])


def defaults(host: Host) -> list[tuple[str, int]]:
    lines = host.run("ip", "route", "show", "default").splitlines()
    return [(re.findall(r"dev (\S+)", line)[0], int((re.findall(r"metric (\d+)", line) or ["0"])[0])) for line in lines]


def program(*links: str) -> str:
    return "".join(UPLINK.format(link, NETWORKS[link], 10 * (1 + list(NETWORKS).index(link))) for link in links)


def start(host: Host, folder: Path, text: str, environment: dict[str, str] | None = None) -> Child:
    path = folder / "program.ncd"
    path.write_text(text)
    words = ("run", "--quiet", "--control", "none", "--state", str(folder), str(path))
    return host.start((sys.executable, "-m", "netstrata", *words), environment)


def printed(daemon: Child) -> list[str]:
    """Return what the program has printed, without what is told of it."""
    return [line for line in daemon.output().splitlines() if line.startswith("eth")]


class Told:
    """What the kernel says of default routes, as `ip monitor route` writes it."""

    def __init__(self, host: Host) -> None:
        self._child = host.start(("stdbuf", "-oL", "ip", "monitor", "route"))
        wait_until("it listens", lambda: self._listens(host))

    def _listens(self, host: Host) -> bool:
        host.ip("route add unreachable 198.18.0.1", "route del 198.18.0.1")
        return "198.18.0.1" in self._child.output()

    def end(self) -> None:
        self._child.end()

    def lines(self) -> list[str]:
        return [line for line in self._child.output().splitlines() if re.match(r"(Deleted )?default", line)]


def test_there_is_a_default_route_at_every_moment_while_another_uplink_becomes_the_best(
    lab: Lab, tmp_path: Path
) -> None:
    town = Town(lab)
    town.pull("eth0")
    daemon = start(town.laptop, tmp_path, program(*NETWORKS))
    wait_until("eth1", lambda: town.defaults() == town.wanted())
    told = Told(town.laptop)
    town.plug("eth0")
    wait_until("eth0", lambda: town.defaults() == town.wanted())
    wait_until("it is told", lambda: len(told.lines()) == 4)

    low, table, high, gone = told.lines()

    assert low.startswith("default via 192.0.2.1 dev eth0 proto 110 metric 429496")
    assert table.startswith("default via 192.0.2.1 dev eth0 table 429496")
    assert high.rstrip() == "default via 192.0.2.1 dev eth0 proto 110"
    assert gone.rstrip() == "Deleted default via 198.51.100.1 dev eth1 proto 110"
    told.end()
    daemon.end()


ECHO = """
import socket, sys
with socket.create_server(("0.0.0.0", 7)) as server:
    print("ready", flush=True)
    connection = server.accept()[0]
    while data := connection.recv(100):
        connection.send(data)
"""
CALL = """
import os, socket, sys, time
connection = socket.create_connection(("203.0.113.7", 7), 10)
print("connected", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
connection.sendall(b"still there")
print(connection.recv(100).decode(), flush=True)
"""


def test_a_connection_over_an_uplink_that_is_not_the_best_any_more_lives_on(lab: Lab, tmp_path: Path) -> None:
    """Two routers before one server, each of which drops what has not the source address of its own network."""
    laptop, server = lab.host("laptop"), lab.host("server")
    links = {"eth0": "192.0.2", "eth1": "198.51.100"}
    ways = ways_between(lab, laptop, server, links)
    for way in ways:
        way.router.sysctl("net.ipv4.conf.all.rp_filter", "1")
    server.up("lo", "203.0.113.7/32")
    ways[0].cable.pull()
    lab.remember(laptop)
    daemon = start(
        laptop, tmp_path, "".join(UPLINK.format(link, net, at) for at, (link, net) in enumerate(links.items()))
    )
    wait_until("the second one", lambda: ("eth1", 0) in defaults(laptop))
    echo = server.start((sys.executable, "-c", ECHO))
    wait_until("the server", lambda: "ready" in echo.output())
    call = laptop.start((sys.executable, "-c", CALL, str(tmp_path / "go-on")))
    wait_until("a connection", lambda: "connected" in call.output())

    ways[0].cable.plug()

    wait_until("the first one", lambda: ("eth0", 0) in defaults(laptop))
    (tmp_path / "go-on").touch()
    wait_until("an answer", lambda: "still there" in call.output())
    call.end()
    echo.end()
    daemon.end()
    assert lab.leftovers() == []


def test_what_somebody_deletes_is_back_and_nothing_above_is_undone(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    daemon = start(town.laptop, tmp_path, program("eth0", "eth1"))
    town.plugged = {"eth0", "eth1"}
    wait_until("both", lambda: town.defaults() == town.wanted())
    said = printed(daemon)

    def rules() -> list[str]:
        return sorted(town.laptop.run("ip", "rule").splitlines())  # what is put back is the last one of its priority

    before = rules()
    assert [line.split("\t")[1].split(" lookup")[0] for line in before[1:4]] == [
        "from all", "from 192.0.2.2", "from 198.51.100.2",
    ]  # fmt: skip
    for what in (
        "route del default dev eth0",
        "route del default dev eth1",
        "rule del from 192.0.2.2",
        "rule del pref 31000",
    ):
        town.laptop.ip(what)
        wait_until(what, lambda: town.defaults() == town.wanted() and rules() == before)

    assert printed(daemon) == said
    assert daemon.output().count("; it was put back") == 5  # the one rule that both hold: twice
    daemon.end()


def test_a_default_route_of_others_is_not_touched_and_waited_for(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    town.laptop.up("eth2", "203.0.113.2/24")
    town.laptop.ip("route add default via 203.0.113.1 dev eth2")
    daemon = start(town.laptop, tmp_path, program("eth0"))
    wait_until("it is up", lambda: "eth0 false" in daemon.output())
    assert [link for link, metric in town.defaults() if not metric] == ["eth2"]

    town.laptop.ip("route del default via 203.0.113.1 dev eth2")

    wait_until("its turn", lambda: "eth0 true" in daemon.output())
    assert [link for link, metric in town.defaults() if not metric] == ["eth0"]
    daemon.end()


def test_a_killed_daemon_is_followed_without_touching_a_route(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    lab.remember(town.laptop)
    daemon = start(town.laptop, tmp_path, program(*NETWORKS))
    wait_until("all", lambda: town.defaults() == town.wanted() and "eth2 false" in daemon.output())
    rules = town.laptop.run("ip", "rule")
    told = Told(town.laptop)
    daemon.signal(signal.SIGKILL)
    daemon.status()

    daemon = start(town.laptop, tmp_path, program(*NETWORKS))

    wait_until("all once more", lambda: sorted(set(printed(daemon))) == ["eth0 true", "eth1 false", "eth2 false"])
    assert town.defaults() == town.wanted()
    assert town.laptop.run("ip", "rule") == rules
    assert told.lines() == []
    told.end()
    daemon.end()
    assert lab.leftovers() == []


SIX = """process {0} {{
    net.up("{0}");
    net.backend.waitlink("{0}");
    net.addr("{0}", "2001:db8:{1}::2/64", ["nodad": "on"]);
    net.gateway("{0}", "{2}", ["preference": "{1}"]) uplink;
    println("{0} ", uplink.preferred);
}}
"""


def test_ipv6_gateways_count_before_router_advertisements(lab: Lab, tmp_path: Path) -> None:
    laptop = lab.host("laptop")
    cables = {}
    for at in (1, 2):
        router = lab.host(f"router{at}")
        cables[at] = lab.cable((laptop, f"eth{at}"), (router, "lan"))
        router.up("lan", f"2001:db8:{at}::1/64", "fe80::1/64")
    lab.remember(laptop)
    gateways = {1: "fe80::1", 2: "2001:db8:2::1"}
    daemon = start(laptop, tmp_path, "".join(SIX.format(f"eth{at}", at, gateways[at]) for at in (1, 2)))

    def default() -> list[str]:
        lines = laptop.run("ip", "-6", "route", "show", "default").splitlines()
        return [line.split(" proto")[0] for line in lines if "metric 512 " in line]

    for _ in range(3):
        wait_until("the first", lambda: default() == ["default via fe80::1 dev eth1"])
        cables[1].pull()
        wait_until("the second", lambda: default() == ["default via 2001:db8:2::1 dev eth2"])
        cables[1].plug()
    wait_until("the first again", lambda: default() == ["default via fe80::1 dev eth1"])
    daemon.end()
    assert lab.leftovers() == []


VPN = ', ["kind": "vpn"]'


@pytest.mark.parametrize(("gateways", "wanted"), [
    (["192.0.2.1", "192.0.2.254"], ["default via 192.0.2.1 dev eth0", "default via 192.0.2.254 dev eth0"]),
    (["none"], ["default dev eth0"]),
])  # fmt: skip
def test_several_gateways_on_one_link_and_none(
    lab: Lab, tmp_path: Path, gateways: list[str], wanted: list[str]
) -> None:
    town = Town(lab)
    text = 'process p{} {{ net.up("eth0"); net.ipv4.addr("eth0", "192.0.2.2/24"); net.gateway("eth0", "{}"{}); }}\n'
    lab.remember(town.laptop)
    daemon = start(
        town.laptop,
        tmp_path,
        "".join(text.format(at, one, VPN if one == "none" else "") for at, one in enumerate(gateways)),
    )

    def ways() -> list[str]:
        lines = town.laptop.run("ip", "route", "show", "default").splitlines()
        return sorted(line.split(" proto")[0] for line in lines if "metric" in line)

    wait_until("each has its own", lambda: ways() == wanted)
    assert [link for link, metric in town.defaults() if not metric] == ["eth0"]
    daemon.end()
    assert lab.leftovers() == []


@pytest.mark.parametrize("none", ["", "none"])
def test_a_network_without_a_router_is_no_uplink(lab: Lab, tmp_path: Path, none: str) -> None:
    """ "none" is what `lease.gateway` is then."""
    town = Town(lab)
    text = (
        'process {0} {{ net.up("{0}"); net.ipv4.addr("{0}", "{1}/24"); net.gateway("{0}", "{2}"); println("{0}"); }}\n'
    )
    daemon = start(
        town.laptop,
        tmp_path,
        text.format("eth0", "192.0.2.2", none) + text.format("eth1", "198.51.100.2", "198.51.100.1"),
    )

    wait_until("the one that has a router", lambda: printed(daemon) == ["eth1"])

    wait_until("it is said", lambda: "cannot use eth0 as an uplink: its network has no router" in daemon.output())
    assert {link for link, _ in town.defaults()} == {"eth1"}
    daemon.end()


PROBED = """process {0} {{
    net.up("{0}");
    net.ipv4.addr("{0}", "{1}.2/24");
    net.gateway("{0}", "{1}.1", ["preference": "{2}"]) uplink;
    net.probe("{0}", {{"203.0.113.9", "203.0.113.7"}}, ["fast": "{3}"]);
    println("{0} up");
    rprintln("{0} down");
    println("{0} ", uplink.preferred);
}}
"""


NOTHING = "nothing gets through over eth0: no echo reply from 203.0.113.9; no echo reply from 203.0.113.7"


@pytest.mark.parametrize("fast", ["on", "off"])
def test_a_silent_far_end_has_another_uplink_preferred_until_it_is_back(lab: Lab, tmp_path: Path, fast: str) -> None:
    """The carrier stays, the gateway answers, and what is behind it is dropped; one of both hosts never answers."""
    laptop, server = lab.host("laptop"), lab.host("server")
    links = {"eth0": "192.0.2", "eth1": "198.51.100"}
    first, _ = ways_between(lab, laptop, server, links)
    server.up("lo", "203.0.113.7/32")
    lab.remember(laptop)
    texts = (PROBED.format(link, network, at, fast) for at, (link, network) in enumerate(links.items()))
    daemon = start(laptop, tmp_path, "".join(texts))
    wait_until("both", lambda: {"eth0 up", "eth1 up"} <= set(printed(daemon)) and ("eth0", 0) in defaults(laptop))

    first.router.ip("route replace blackhole default")

    wait_until("the second one", lambda: ("eth1", 0) in defaults(laptop))
    wait_until("it is said", lambda: NOTHING in daemon.output())
    wait_until("it is down", lambda: "eth0 down" in printed(daemon))
    assert "eth1 down" not in printed(daemon), daemon.output()
    first.router.ip(f"route replace default via {first.beyond}")
    wait_until("the first one again", lambda: ("eth0", 0) in defaults(laptop))
    wait_until("it is up", lambda: printed(daemon).count("eth0 up") == 2)
    daemon.end()
    assert lab.leftovers() == []


ADVERTISED = """process {0} {{
    net.up("{0}");
    net.gateway("{0}", "advertised", ["preference": "{1}"]) uplink;
    rprintln("{0} down");
    println("{0} ", uplink.preferred);
}}
"""


def test_routers_that_advertise_themselves_are_ranked_and_their_routes_stay_as_they_are(
    lab: Lab, tmp_path: Path
) -> None:
    """dnsmasq 2.90; a router lifetime of 0 has the kernel delete its default route, and say so."""
    laptop = lab.host("laptop")
    routers = {}
    for at in (0, 1):
        routers[at] = lab.host(f"router{at}")
        lab.cable((laptop, f"eth{at}"), (routers[at], "lan"))
        routers[at].up("lan", f"fe80::{at + 1}/64", f"2001:db8:{at}::1/64")
    lab.remember(laptop)

    def advertise(at: int, lifetime_s: int) -> Child:
        words = ("-k", "--conf-file=/dev/null", "--port=0", "--enable-ra", "--interface=lan", "--leasefile-ro")
        more = ("--user=root", "--log-facility=-", "--pid-file", f"--dhcp-range=2001:db8:{at}::,ra-only,64,1800")
        return routers[at].start(("dnsmasq", *words, *more, f"--ra-param=lan,4,{lifetime_s}"))

    def ways(mark: str) -> list[str]:
        lines = laptop.run("ip", "-6", "route", "show", "default").splitlines()
        return [line.split(" proto")[0].split(" metric")[0] for line in lines if mark in line]

    text = "".join(ADVERTISED.format(f"eth{at}", at) for at in (0, 1))
    daemon = start(laptop, tmp_path, text)
    servers = {1: advertise(1, 1800)}
    wait_until("the only one", lambda: ways("metric 512 ") == ["default via fe80::2 dev eth1"])
    servers[0] = advertise(0, 1800)
    wait_until("the better one", lambda: ways("metric 512 ") == ["default via fe80::1 dev eth0"])
    wait_until("both say so", lambda: sorted(set(printed(daemon))) == ["eth0 true", "eth1 false", "eth1 true"])
    theirs = ways("proto ra")
    assert sorted(theirs) == ["default via fe80::1 dev eth0", "default via fe80::2 dev eth1"]

    servers[0].end()
    servers[0] = advertise(0, 0)

    wait_until("the other one", lambda: ways("metric 512 ") == ["default via fe80::2 dev eth1"])
    wait_until("it is down", lambda: "eth0 down" in printed(daemon))
    assert ways("proto ra") == ["default via fe80::2 dev eth1"]
    daemon.end()
    assert ways("proto 110") == []
    for server in servers.values():
        server.end()


def test_the_server_of_a_tunnel_stays_on_the_best_uplink_that_is_none(lab: Lab, tmp_path: Path) -> None:
    """All that goes out goes into the tunnel, but for what the tunnel itself sends: that follows its uplink."""
    town = Town(lab)
    lab.remember(town.laptop)
    tunnel = (
        'process tunnel { net.tun("tun0", "tun"); net.up("tun0"); net.addr("tun0", "10.9.0.2/32"); '
        'net.gateway("tun0", "none", ["kind": "vpn", "preference": "1", "server": "{}"]); println("eth up"); }'
    )
    daemon = start(town.laptop, tmp_path, program("eth0", "eth1") + tunnel.replace("{}", "100.64.0.7"))

    def over(address: str, way: str) -> bool:
        return way in town.laptop.run("ip", "route", "get", address)

    wait_until("it is up", lambda: "eth up" in printed(daemon) and "eth1 false" in printed(daemon))
    for _ in range(2):
        wait_until("all of it", lambda: over("9.9.9.9", "dev tun0") and over("100.64.0.7", "via 192.0.2.1 dev eth0"))
        town.pull("eth0")
        wait_until("the other uplink", lambda: over("100.64.0.7", "via 198.51.100.1 dev eth1"))
        assert over("9.9.9.9", "dev tun0")
        town.plug("eth0")
    town.laptop.ip("route del 100.64.0.7")
    wait_until("it is back", lambda: over("100.64.0.7", "via 192.0.2.1 dev eth0"))
    daemon.end()
    assert lab.leftovers() == []


def test_a_server_in_a_network_of_the_uplink_is_reached_without_its_gateway(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    tunnel = (
        'process tunnel { net.tun("tun0", "tun"); net.up("tun0"); net.addr("tun0", "10.9.0.2/32"); '
        'net.gateway("tun0", "none", ["kind": "vpn", "preference": "1", "server": "192.0.2.77"]); println("eth up"); }'
    )
    daemon = start(town.laptop, tmp_path, program("eth0") + tunnel)

    wait_until("it is pinned", lambda: "192.0.2.77 dev eth0 proto 110" in town.laptop.run("ip", "route"))
    daemon.end()


def test_uplinks_of_equal_preference_have_their_own_routes_to_one_network(lab: Lab, tmp_path: Path) -> None:
    """As two leases give them, whose routes (option 121) lead to the same network of a company."""
    town = Town(lab)
    routes = '{{{{"10.0.0.0/8", "{0}.9"}}, {{"0.0.0.0/0", "{0}.1"}}}}'
    text = "".join(
        f'process {link} {{ net.up("{link}"); net.ipv4.addr("{link}", "{network}.2/24");'
        f' net.gateway("{link}", {routes.format(network)}) uplink; println("{link} ", uplink.preferred); }}'
        for link, network in NETWORKS.items()
    )

    daemon = start(town.laptop, tmp_path, text)

    wait_until("all are up", lambda: {one.split()[0] for one in printed(daemon)} == set(NETWORKS))
    told = town.laptop.run("ip", "route", "show", "10.0.0.0/8")
    assert sorted(re.findall(r"dev (\S+)", told)) == list(NETWORKS)
    assert sorted(re.findall(r"metric (\d+)", told)) == ["100", "101", "102"], "who came first is preferred"
    daemon.end()
    assert "10.0.0.0/8" not in town.laptop.run("ip", "route")
