"""examples/wireguard.ncd, whole: a laptop behind some router, and a hub on the internet with a name."""

import sys
from functools import partial
from pathlib import Path

import pytest
from tests.kernel.filters.programs import SOURCES
from tests.kernel.statements.test_every_statement import SLOW_S
from tests.kernel.wireguard.ends import PUBLIC, SECRET, End, Ends, of_us

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = [pytest.mark.kernel, pytest.mark.vm("wireguard")]
EXAMPLE = Path(__file__).parents[3] / "examples" / "wireguard.ncd"
HUB = "198.51.100.1"


def test_all_goes_into_the_tunnel_but_the_tunnel_itself(lab: Lab, tmp_path: Path) -> None:
    Ends(lab, tmp_path)  # the programs that this takes
    laptop, internet = lab.host("laptop"), lab.host("internet")
    lab.cable((laptop, "eth0"), (internet, "eth0"))
    internet.up("eth0", "203.0.113.1/24")
    internet.ip(f"addr add {HUB}/32 dev lo", "addr add 9.9.9.9/32 dev lo")
    pool = ("203.0.113.50", "203.0.113.50")
    internet.dhcp_server("eth0", pool, router="203.0.113.1", dns="203.0.113.1", names={"vpn.example.org": HUB})
    hub = End(internet, tmp_path)
    hub.begin("b", 51820, "10.66.0.1/24", of_us("10.66.0.2/32"))
    laptop.run("mkdir", "-p", "/etc/netstrata/keys")
    laptop.write("/etc/netstrata/keys/wg0.key", SECRET["a"] + "\n")
    text = EXAMPLE.read_text()
    assert "JikGkMv1hSC+bA6TD7eLhTEfEmkFPOiGn9ySlu4YQx4=" in text
    (tmp_path / "x.ncd").write_text(text.replace("JikGkMv1hSC+bA6TD7eLhTEfEmkFPOiGn9ySlu4YQx4=", PUBLIC["b"]))
    before = laptop.kernel()
    words = ["run", str(tmp_path / "x.ncd"), "--control", "none", "--state", str(tmp_path)]
    path = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin"}

    daemon = laptop.start([sys.executable, "-m", "netstrata", *words], path)
    daemon.wait_output(f"everything goes by the hub at {HUB}:51820\n", SLOW_S)
    ways = {target: laptop.run("ip", "route", "get", target).split("\n")[0] for target in ("9.9.9.9", HUB)}
    inside = partial(laptop.run, "sh", "-c", "busybox ping -c1 -W1 9.9.9.9 || true")
    wait_until("an answer", lambda: " 1 packets received" in inside(), SLOW_S)
    resolver = laptop.read("/etc/resolv.conf")
    status = daemon.end(SLOW_S)

    assert " dev wg0 src 10.66.0.2 " in ways["9.9.9.9"]
    assert " via 203.0.113.1 dev eth0 src 203.0.113.50 " in ways[HUB]
    servers = [line for line in resolver.splitlines() if line.startswith("nameserver")]
    assert servers == ["nameserver 10.66.0.1", "nameserver 203.0.113.1"]
    assert status == 0
    assert laptop.kernel() == before
