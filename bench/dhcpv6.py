"""How long a DHCPv6 lease takes, beside ISC dhclient.

    python bench/dhcpv6.py

Runs as root, in a lab of two hosts in namespaces, with kea as the server; prints JSON, medians of 7, in milliseconds
from the exec of a client to the server's last REPLY (`exec_ms`), and from its first message (`wire_ms`), of a link that
is up and whose link-local address can be used.  `plain` is with a server that says no preference, so that others have
their second to answer, `at_once` with one whose preference is 255, `rapid` with a rapid commit.
"""

import json
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from space import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.kernel.backends.test_wpa_supplicant import peer
from tests.kernel.dhcpv6.servers import SOURCES, Offer, World, kea

from netstrata.testing.child import Child, wait_until
from netstrata.testing.lab import Lab

ROUNDS = 7
OFFERS = {"plain": Offer(preference=None), "at_once": Offer(preference=255), "rapid": Offer(rapid=True)}
PROGRAM = """process main {{
    net.backend.waitlink("eth0");
    net.ipv6.dhcp("eth0", ["prefix": "on", "rapid_commit": "{}"]) lease;
}}
"""
_REPLY = 7


def _ours(world: World, rapid: bool) -> Child:
    path = world.folder / "program.ncd"
    path.write_text(PROGRAM.format("on" if rapid else "off"))
    return world.host.start([sys.executable, "-m", "netstrata", "run", str(path)], {"PYTHONPATH": str(SOURCES)})


def _dhclient(world: World, rapid: bool) -> Child:
    configuration = world.folder / "dhclient.conf"
    configuration.write_text("send dhcp6.rapid-commit;\n" if rapid else "")
    (world.folder / "dhclient.leases").unlink(missing_ok=True)
    program = peer(world.folder, "isc-dhcp-client", "sbin/dhclient")
    files = ["-cf", str(configuration), "-lf", str(world.folder / "dhclient.leases"), "-pf", "/run/dhclient.pid"]
    return world.host.start([program, "-6", "-d", "-N", "-P", *files, "-sf", "/bin/true", "eth0"])


def _measure(world: World, rapid: bool, start: Callable[[World, bool], Child]) -> tuple[float, float]:
    """Return how long one client takes from its exec, and from its first message."""
    with world.router.inside():
        heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        heard.bind(("lan", 3))  # ETH_P_ALL: what goes out is seen by no other
    with heard:
        heard.settimeout(60)
        since = time.monotonic()
        first = 0.0
        client = start(world, rapid)
        while True:
            packet, (_, protocol, *_) = heard.recvfrom(4096)
            if protocol != 0x86DD or packet[6] != 17:
                continue
            if packet[42:44] == b"\x02\x23":
                first = first or time.monotonic()
            elif packet[40:42] == b"\x02\x23" and packet[48] == _REPLY:
                break
        now = time.monotonic()
        client.end()
    return (now - since) * 1000, (now - first) * 1000


def measure() -> dict[str, dict[str, dict[str, float]]]:
    """Run each client with each offer so many times, and return the middle."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name, Lab() as lab:
        world = World(lab, Path(name))
        world.host.up("eth0")
        wait_until("its address", lambda: "tentative" not in world.host.run("ip", "-6", "addr"))
        for case, offer in OFFERS.items():
            server = kea(world.router, world.folder, offer, keeps=False)
            for client, start in (("ours", _ours), ("dhclient", _dhclient)):
                times = [_measure(world, offer.rapid, start) for _ in range(ROUNDS)]
                from_exec, on_the_wire = (round(median(list(column)), 1) for column in zip(*times, strict=True))
                found.setdefault(case, {})[client] = {"exec_ms": from_exec, "wire_ms": on_the_wire}
            server.end()
    return found


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
