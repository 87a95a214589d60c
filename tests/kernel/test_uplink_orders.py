"""Three uplinks to three routers and an internet, in every order of coming and going: routes, resolver, and no gap.

The kernel's own account of addresses and default routes is played again, in its order.  Of IPv4 routes that go with the
last address of a link it says nothing.  Seen with Linux 6.18, iproute2 6.1.0.
"""

import re
from itertools import permutations
from pathlib import Path

import pytest
from tests.kernel.test_gateways import HIGHEST, NETWORKS, defaults, start

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.testing.uplinks import ways_between

pytestmark = pytest.mark.kernel
UPLINK = """process {0} {{
    net.backend.waitdevice("{0}");
    net.up("{0}");
    net.backend.waitlink("{0}");
    net.ipv4.addr("{0}", "{1}.2/24");
    net.gateway("{0}", "{1}.1", ["preference": "{2}"]);
    net.dns({{"{1}.1"}}, "{2}");
}}
"""
SERVER = "100.64.0.7"
LISTENING = "198.18.0.1"


class Account:
    """The default routes of the table main, as the kernel tells of them."""

    def __init__(self, host: Host) -> None:
        self._child = host.start(("stdbuf", "-oL", "ip", "-4", "monitor", "address", "route"))
        wait_until("it listens", lambda: self._listens(host))
        self._read = 0
        self._there: list[str] = []

    def _listens(self, host: Host) -> bool:
        host.ip(f"route add unreachable {LISTENING}", f"route del unreachable {LISTENING}")
        return LISTENING in self._child.output()

    def heard(self) -> int:
        """Return how often the probe was heard of."""
        return self._child.output().count(LISTENING)

    def read(self) -> int:
        """Read on, and return how many there were at the worst moment of that."""
        lines = self._child.output().splitlines()
        new, self._read = lines[self._read :], len(lines)
        fewest = len(self._there)
        for line in new:
            words = line.strip().removeprefix("Deleted ").removesuffix(" linkdown")
            gone = line.startswith("Deleted ")
            address = re.match(r"Deleted \d+: (\S+)\s+inet ", line)
            if address is not None:
                self._there = [one for one in self._there if f" dev {address[1]} " not in f"{one} "]
            elif words.startswith("default") and " table " not in words:
                if gone:
                    self._there.remove(words)
                else:
                    self._there.append(words)
            fewest = min(fewest, len(self._there))
        return fewest

    def end(self) -> None:
        self._child.end()


def test_each_order_of_coming_and_going(lab: Lab, tmp_path: Path) -> None:
    laptop, server = lab.host("laptop"), lab.host("server")
    server.up("lo", f"{SERVER}/32")
    server.page(SERVER, "here")
    cables = {link: way.cable for link, way in zip(NETWORKS, ways_between(lab, laptop, server, NETWORKS), strict=True)}
    lab.remember(laptop)
    resolver = laptop.read("/etc/resolv.conf")
    account = Account(laptop)
    texts = (UPLINK.format(link, net, at) for at, (link, net) in enumerate(NETWORKS.items(), 1))
    daemon = start(laptop, tmp_path, "".join(texts))
    index = {link: int(laptop.run("cat", f"/sys/class/net/{link}/ifindex")) for link in NETWORKS}
    there = set(NETWORKS)

    def is_as_wanted() -> bool:
        best = [(link, 0) for link in NETWORKS if link in there][:1]
        low = sorted(((link, HIGHEST - index[link]) for link in there), key=lambda one: one[1])
        servers = re.findall(r"^nameserver (\S+)", laptop.read("/etc/resolv.conf"), re.MULTILINE)
        names = [f"{net}.1" for link, net in NETWORKS.items() if link in there]
        return defaults(laptop) == best + low and (servers == names or not names)

    wait_until("all", is_as_wanted)
    assert laptop.fetch(f"http://{SERVER}/") == "here"
    account.read()
    for going in permutations(NETWORKS):
        for coming in permutations(NETWORKS):
            for link, act in [*((link, "pull") for link in going), *((link, "plug") for link in coming)]:
                before = len(there)
                if act == "pull":
                    there.discard(link)
                    cables[link].pull()
                else:
                    there.add(link)
                    cables[link].plug()
                wait_until(f"{going} {coming} {act} {link}", is_as_wanted)
                fewest = account.read()
                assert fewest > 0 or not (before and there), f"{going} {coming} {act} {link}"
    assert laptop.fetch(f"http://{SERVER}/") == "here"

    account.end()
    daemon.end()

    assert laptop.read("/etc/resolv.conf") == resolver
    assert lab.leftovers() == []


def test_what_is_told_says_so_if_there_is_none(lab: Lab) -> None:
    """The account itself: a route that is replaced, one that goes with its address, and none at last."""
    laptop = lab.host("laptop")
    lab.cable((laptop, "eth0"), (lab.host("router"), "lan"))
    laptop.up("eth0", "192.0.2.2/24")
    account = Account(laptop)
    laptop.ip("route add default via 192.0.2.1 dev eth0", "route add default via 192.0.2.1 dev eth0 metric 7")
    settle(account, laptop)
    assert account.read() == 0
    laptop.ip("route del default metric 0")
    settle(account, laptop)
    assert account.read() == 1
    laptop.ip("addr del 192.0.2.2/24 dev eth0")
    settle(account, laptop)
    assert account.read() == 0
    account.end()


def settle(account: Account, host: Host) -> None:
    """Wait until all is told that was done."""
    heard = account.heard()
    host.ip(f"route add unreachable {LISTENING}", f"route del unreachable {LISTENING}")
    wait_until("it is told", lambda: account.heard() >= heard + 2)
