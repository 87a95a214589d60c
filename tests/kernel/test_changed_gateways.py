"""Uplinks whose program or lease changes while they stand: there is a default route at every moment.

Seen with Linux 6.18, iproute2 6.1.0, dnsmasq 2.90.
"""

import re
import signal
import sys
from pathlib import Path

import pytest
from tests.kernel.test_gateways import Told, Town, defaults, printed

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
UPLINK = """process {0} {{
    net.up("{0}");
    net.backend.waitlink("{0}");
    net.ipv4.addr("{0}", "{1}.2/24");
    net.gateway("{0}", "{1}.{2}", ["preference": "{3}"]) uplink;
    println("{0} ", uplink.preferred);
}}
"""


class Changed:
    """A daemon whose program is another one now and then, and what the kernel has told since."""

    def __init__(self, host: Host, folder: Path, text: str) -> None:
        self._host = host
        self._path, self._control = folder / "program.ncd", folder / "control"
        self._path.write_text(text)
        words = ("run", "--quiet", "--control", str(self._control), "--state", str(folder), str(self._path))
        self.daemon = host.start((sys.executable, "-m", "netstrata", *words))
        self._told: Told | None = None
        self._before: list[str] = []

    def ask(self, *words: str) -> str:
        return self._host.run(sys.executable, "-m", "netstrata", *words, "--control", str(self._control))

    def listen(self) -> None:
        """Hear what the kernel tells of default routes from now on."""
        self._told = Told(self._host)
        self._before = self._host.run("ip", "route", "show", "default").splitlines()

    def reload(self, text: str) -> str:
        self._path.write_text(text)
        return self.ask("reload")

    def fewest(self) -> int:
        """Return how many default routes there were in the table main at the worst moment since."""
        assert self._told is not None
        there = [" ".join(line.split()) for line in self._before]
        fewest = len(there)
        for line in self._told.lines():
            words = " ".join(line.removeprefix("Deleted ").split())
            if " table " in words:
                continue
            if line.startswith("Deleted "):
                there.remove(words)
            else:
                there.append(words)
            fewest = min(fewest, len(there))
        return fewest

    def told(self) -> list[str]:
        assert self._told is not None
        return [line for line in self._told.lines() if "metric" not in line and " table " not in line]

    def end(self) -> None:
        if self._told is not None:
            self._told.end()
        self.daemon.end()


@pytest.mark.parametrize(("gateway", "preference"), [("1", "30"), ("9", "10")])
def test_the_only_uplink_that_gets_another_preference_or_gateway_has_a_default_route_at_every_moment(
    lab: Lab, tmp_path: Path, gateway: str, preference: str
) -> None:
    town = Town(lab)
    lab.remember(town.laptop)
    changed = Changed(town.laptop, tmp_path, UPLINK.format("eth0", "192.0.2", "1", "10"))
    wait_until("it is up", lambda: printed(changed.daemon) == ["eth0 true"])
    changed.listen()

    changed.reload(UPLINK.format("eth0", "192.0.2", gateway, preference))

    wait_until("it is up again", lambda: printed(changed.daemon) == ["eth0 true", "eth0 true"])
    wait_until(
        "the new way", lambda: town.laptop.run("ip", "route", "show", "default").count(f"via 192.0.2.{gateway} ") == 2
    )
    assert [link for link, _ in defaults(town.laptop)] == ["eth0", "eth0"]
    wait_until("all is told", lambda: gateway == "1" or len(changed.told()) == 2)
    assert changed.fewest() >= 1
    assert len(changed.told()) == (0 if gateway == "1" else 2)
    changed.end()
    assert lab.leftovers() == []


def test_the_best_of_two_uplinks_that_gets_another_preference_stays_the_best_meanwhile(
    lab: Lab, tmp_path: Path
) -> None:
    town = Town(lab)
    other = UPLINK.format("eth1", "198.51.100", "1", "50")
    changed = Changed(town.laptop, tmp_path, UPLINK.format("eth0", "192.0.2", "1", "10") + other)
    wait_until("both", lambda: {"eth0 true", "eth1 false"} <= set(printed(changed.daemon)))
    changed.listen()

    changed.reload(UPLINK.format("eth0", "192.0.2", "1", "20") + other)

    wait_until("it is up again", lambda: printed(changed.daemon).count("eth0 true") == 2)
    assert changed.told() == []
    changed.reload(UPLINK.format("eth0", "192.0.2", "1", "60") + other)
    wait_until("the other one", lambda: defaults(town.laptop)[0] == ("eth1", 0))
    wait_until("it is told", lambda: len(changed.told()) == 2)
    assert changed.fewest() >= 1
    changed.end()


def test_an_uplink_that_is_taken_out_of_the_program_has_no_default_route_any_more(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    lines = UPLINK.format("eth0", "192.0.2", "1", "10")
    changed = Changed(town.laptop, tmp_path, lines)
    wait_until("it is up", lambda: printed(changed.daemon) == ["eth0 true"])

    changed.reload(re.sub(r" *(net.gateway|println).*\n", "", lines))

    assert defaults(town.laptop) == []
    changed.end()


def test_an_uplink_that_cannot_come_again_with_its_new_gateway_is_none(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    changed = Changed(town.laptop, tmp_path, UPLINK.format("eth0", "192.0.2", "1", "10"))
    wait_until("it is up", lambda: printed(changed.daemon) == ["eth0 true"])

    changed.reload(UPLINK.format("eth0", "192.0.2", "1", "10").replace("192.0.2.1", "203.0.113.1"))

    wait_until("it is gone", lambda: defaults(town.laptop) == [])
    assert "`onlink`, of net.gateway or net.route, takes it" in changed.daemon.output()
    changed.end()


LEASED = """process p {
    net.up("eth0");
    net.ipv4.dhcp("eth0") lease;
    net.ipv4.addr("eth0", lease.cidr_addr);
    net.gateway("eth0", lease.WHAT) uplink;
    println("eth0 ", uplink.preferred);
}
"""


@pytest.mark.parametrize("what", ["routes", "gateway"])
def test_a_renewal_that_names_another_router_moves_the_uplink_without_a_moment_between(
    lab: Lab, tmp_path: Path, what: str
) -> None:
    """The client asks again after 3 s (T1); the address stays, and what has read the router is done again."""
    laptop, router = lab.host("laptop"), lab.host("router")
    lab.cable((laptop, "eth0"), (router, "lan"))
    router.up("lan", "192.0.2.1/24", "192.0.2.9/24")

    def serve(gateway: str) -> Child:
        options = ("option:T1,3", "option:T2,60")
        return router.dhcp_server("lan", ("192.0.2.50", "192.0.2.50"), gateway, options=options)

    lab.remember(laptop)
    server = serve("192.0.2.1")
    changed = Changed(laptop, tmp_path, LEASED.replace("WHAT", what))
    wait_until("it is up", lambda: printed(changed.daemon) == ["eth0 true"])
    changed.listen()

    server.signal(signal.SIGTERM)
    server.status()
    server = serve("192.0.2.9")

    wait_until("the new one", lambda: "default via 192.0.2.9" in laptop.run("ip", "route"), 20)
    wait_until("it is told", lambda: len(changed.told()) == 2)
    assert changed.fewest() >= 1
    assert "default via 192.0.2.1" not in laptop.run("ip", "route")
    changed.end()
    server.end()
    assert lab.leftovers() == []


TUNNEL = """process {0} {{
    net.tun("{0}", "tun");
    net.up("{0}");
    net.addr("{0}", "10.9.{1}.2/32");
    net.gateway("{0}", "none", ["kind": "vpn", "preference": "{1}", "server": "{2}"]);
    println("eth {0}");
}}
"""


def test_each_of_several_tunnels_keeps_its_server_on_the_uplink_below_as_that_changes(lab: Lab, tmp_path: Path) -> None:
    """Two servers, one of them of two tunnels; one is in a network of the second uplink, and needs no gateway there."""
    town = Town(lab)
    lab.remember(town.laptop)
    servers = {"tun1": "100.64.0.7", "tun2": "198.51.100.77", "tun3": "100.64.0.7"}
    text = "".join(UPLINK.format(link, net, "1", at) for link, net, at in (
        ("eth0", "192.0.2", "10"), ("eth1", "198.51.100", "20"),
    )) + "".join(TUNNEL.format(name, name[-1], server) for name, server in servers.items())  # fmt: skip
    changed = Changed(town.laptop, tmp_path, text)

    def ways() -> set[str]:
        lines = town.laptop.run("ip", "route", "show", "proto", "110").splitlines()
        return {line.strip() for line in lines if not line.startswith("default")}

    first = {"100.64.0.7 via 192.0.2.1 dev eth0", "198.51.100.77 via 192.0.2.1 dev eth0"}
    second = {"100.64.0.7 via 198.51.100.1 dev eth1", "198.51.100.77 dev eth1 scope link"}
    wait_until("all of it", lambda: {f"eth {name}" for name in servers} <= set(printed(changed.daemon)))
    for _ in range(2):
        wait_until("the first", lambda: ways() == first)
        town.pull("eth0")
        wait_until("the second", lambda: ways() == second)
        assert defaults(town.laptop)[0] == ("tun1", 0)
        town.plug("eth0")
    changed.end()
    assert lab.leftovers() == []


def test_the_way_to_a_server_is_another_one_when_the_uplink_below_has_another_address(lab: Lab, tmp_path: Path) -> None:
    """With an address of the server's own network the link leads there straight, and without it does not."""
    town = Town(lab)
    town.laptop.up("eth0", "192.0.2.2/24")
    below = 'process p { net.gateway("eth0", "192.0.2.1"); println("eth0 up"); }\n'
    changed = Changed(town.laptop, tmp_path, below + TUNNEL.format("tun1", "1", "203.0.113.77"))

    def way() -> str:
        return town.laptop.run("ip", "route", "get", "203.0.113.77").split(" src")[0]

    wait_until("both are up", lambda: {"eth0 up", "eth tun1"} <= set(printed(changed.daemon)))
    wait_until("it is pinned", lambda: way() == "203.0.113.77 via 192.0.2.1 dev eth0")
    town.laptop.ip("addr add 203.0.113.2/24 dev eth0")
    wait_until("it is near", lambda: way() == "203.0.113.77 dev eth0")
    town.laptop.ip("addr del 203.0.113.2/24 dev eth0")
    wait_until("it is far", lambda: way() == "203.0.113.77 via 192.0.2.1 dev eth0")
    changed.end()
