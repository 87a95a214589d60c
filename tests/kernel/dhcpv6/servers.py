"""Real DHCPv6 servers in a lab: kea, ISC dhcpd and dnsmasq on a router's link, each told what to grant."""

from __future__ import annotations

import json
import sys
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.kernel.backends.test_wpa_supplicant import peer

import netstrata
from netstrata.protocols.dhcpv6.message import NAMES
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

SOURCES: Final = Path(netstrata.__file__).parents[1]


class Offer(NamedTuple):
    """What a server is to grant: its network, its pools, and for how long."""

    network: str = "2001:db8:0:1::/64"
    pool: str = "2001:db8:0:1::100-2001:db8:0:1::1ff"
    prefixes: tuple[str, int, int] | None = ("2001:db8:1::", 48, 56)
    preferred: int = 40
    valid: int = 60
    t1: int = 0
    t2: int = 0
    rapid: bool = False
    preference: int | None = 255
    mac: str = "02:00:00:00:05:01"  # what its DUID is made of


def kea(router: Host, folder: Path, offer: Offer, *, keeps: bool = True) -> Child:
    """Start kea on a router's link `lan`; with `keeps` its leases are those of before."""
    path = peer(folder, "kea-dhcp6-server", "usr/sbin/kea-dhcp6")
    leases = folder / "kea.leases"
    if not keeps:
        leases.unlink(missing_ok=True)
    subnet: dict[str, Any] = {
        "id": 1, "subnet": offer.network, "pools": [{"pool": offer.pool}], "interface": "lan",
        "rapid-commit": offer.rapid,
    }  # fmt: skip
    if offer.prefixes:
        prefix, length, delegated = offer.prefixes
        subnet["pd-pools"] = [{"prefix": prefix, "prefix-len": length, "delegated-len": delegated}]
    options: list[dict[str, Any]] = [
        {"name": "dns-servers", "data": "2001:db8::53"},
        {"name": "domain-search", "data": "example.org"},
    ]
    if offer.preference is not None:
        options.append({"name": "preference", "data": str(offer.preference), "always-send": True})
    config: dict[str, Any] = {
        "interfaces-config": {"interfaces": ["lan"]},
        "lease-database": {"type": "memfile", "persist": True, "name": str(leases), "lfc-interval": 0},
        "server-id": {"type": "LL", "htype": 1, "identifier": offer.mac.replace(":", ""), "persist": False},
        "preferred-lifetime": offer.preferred, "valid-lifetime": offer.valid, "option-data": options,
        "subnet6": [subnet], "loggers": [{"name": "kea-dhcp6", "severity": "DEBUG", "debuglevel": 40,
                                          "output_options": [{"output": "stdout"}]}],
    }  # fmt: skip
    if offer.t1:
        config |= {"renew-timer": offer.t1, "rebind-timer": offer.t2}
    (folder / "kea6.json").write_text(json.dumps({"Dhcp6": config}))
    places = {"KEA_LOCKFILE_DIR": str(folder), "KEA_PIDFILE_DIR": str(folder)}
    child = router.start([path, "-c", str(folder / "kea6.json")], places)
    child.wait_output("DHCP6_STARTED")
    return child


def dhcpd(router: Host, folder: Path, offer: Offer, *, keeps: bool = True) -> Child:
    """Start ISC dhcpd on a router's link `lan`."""
    path = peer(folder, "isc-dhcp-server", "usr/sbin/dhcpd")
    leases = folder / "dhcpd6.leases"
    if not keeps:
        leases.unlink(missing_ok=True)
    if not leases.exists():
        leases.touch()
    first, _, last = offer.pool.partition("-")
    lines = [
        f"default-lease-time {offer.valid};", f"preferred-lifetime {offer.preferred};",
        'option dhcp6.name-servers 2001:db8::53;', 'option dhcp6.domain-search "example.org";',
        f"server-duid LL ethernet {offer.mac};", *(["option dhcp6.rapid-commit;"] if offer.rapid else []),
        *([f"option dhcp6.preference {offer.preference};"] if offer.preference is not None else []),
        f"subnet6 {offer.network} {{", f"  range6 {first} {last};",
    ]  # fmt: skip
    if offer.t1:
        lines += [f"  option dhcp-renewal-time {offer.t1};", f"  option dhcp-rebinding-time {offer.t2};"]
    if offer.prefixes:
        prefix, length, delegated = offer.prefixes
        end = _last(prefix, length, delegated)
        lines.append(f"  prefix6 {prefix} {end} /{delegated};")
    (folder / "dhcpd6.conf").write_text("\n".join([*lines, "}", ""]))
    words = [path, "-6", "-f", "-d", "-cf", str(folder / "dhcpd6.conf"), "-lf", str(leases)]
    child = router.start([*words, "-pf", str(folder / "dhcpd6.pid"), "lan"])
    wait_until("dhcpd", lambda: "Server starting service" in child.output() or not child.running)
    assert child.running, child.output()
    return child


def _last(prefix: str, length: int, delegated: int) -> str:
    return str(list(IPv6Network(f"{prefix}/{length}").subnets(new_prefix=delegated))[-1].network_address)


def dnsmasq(router: Host, folder: Path, offer: Offer, *, keeps: bool = True) -> Child:
    """Start dnsmasq on a router's link `lan`: it has no prefixes to delegate, and no lease under two minutes."""
    leases = folder / "dnsmasq6.leases"
    if not keeps:
        leases.unlink(missing_ok=True)
    first, _, last = offer.pool.partition("-")
    words = [
        "dnsmasq", "-k", "-C", "/dev/null", "-p0", "-i", "lan", "--bind-interfaces", "--pid-file=", "--log-dhcp",
        "--dhcp-duid=32473,0102030405", f"--dhcp-leasefile={leases}", "--log-facility=-",
        f"--dhcp-range={first},{last},64,{max(120, offer.valid)}",
        "--dhcp-option=option6:dns-server,[2001:db8::53]", "--dhcp-option=option6:domain-search,example.org",
    ]  # fmt: skip
    child = router.start(words)
    child.wait_output("DHCPv6")
    return child


SERVERS: Final = {"kea": kea, "dhcpd": dhcpd, "dnsmasq": dnsmasq}


# Prints the kind of each DHCPv6 message that goes to servers.
CAPTURE: Final = """
import socket, sys
at = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86DD))
at.bind((sys.argv[1], 0))
print("listening", flush=True)
while True:
    packet = at.recv(4096)
    if packet[6] == 17 and packet[42:44] == b"\\x02\\x23":
        print(packet[48], flush=True)
"""


class World:
    """A host, and the router whose link `lan` servers are on."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.folder = folder
        self.host, self.router = lab.host("host"), lab.host("router")
        self.cable = lab.cable((self.host, "eth0"), (self.router, "lan"))
        self.router.up("lan", "2001:db8:0:1::1/64")
        wait_until("the router's address", lambda: "tentative" not in self.router.run("ip", "-6", "addr"))

    def daemon(self, body: str, name: str = "program.ncd") -> Child:
        """Run a program whose only process is given, under the daemon."""
        path = self.folder / name
        path.write_text(f'process main {{\n    net.up("eth0");\n    net.backend.waitlink("eth0");\n{body}\n}}\n')
        return self.host.start([sys.executable, "-m", "netstrata", "run", str(path)], {"PYTHONPATH": str(SOURCES)})

    def capture(self) -> Child:
        """Begin to listen to what the host asks servers."""
        child = self.router.start([sys.executable, "-c", CAPTURE, "lan"])
        child.wait_output("listening\n")
        return child


def asked(capture: Child) -> list[str]:
    """Return the kinds of messages that were heard, in order."""
    return [NAMES[int(line)] for line in capture.output().splitlines()[1:]]
