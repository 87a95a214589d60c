"""A router that the program runs on, a neighbour on each side of it, and datagrams that pass all the time."""

import contextlib
import shutil
import socket
import sys
import threading
from pathlib import Path
from typing import Final

from tests.kernel.crashes.daemons import Daemon
from tests.kernel.crashes.view import Deletions, View, view

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.values import Unavailable

PROGRAM: Final = Path(__file__).with_name("router.ncd").read_text()
# What is leased from a server whose leases are renewed after 3 seconds, which is the least that dnsmasq 2.90 takes.
RENEWING: Final = """
process wan {
    net.up("wan0");
    net.ipv4.dhcp("wan0") lease;
    net.ipv4.addr("wan0", lease.cidr_addr);
    net.ipv4.routes("wan0", lease.routes, "30");
    net.dns(lease.dns_servers, "40");
    provide("WAN");
}
"""
# A new version of the program: what is added, changed and taken out, in each of its processes.
CHANGES: Final = (
    ('"net.ipv4.tcp_syncookies", "0"', '"net.ipv4.tcp_syncookies", "2"'),
    ('{"net.ipv4.ip_no_pmtu_disc", "1"},', ""),
    ('net.mtu("eth0", "1480")', 'net.mtu("eth0", "1490")'),
    ('net.ipv4.addr("eth0", "192.0.2.2/24")', 'net.ipv4.addr("eth0", "192.0.2.3/24")'),
    ('{"11", "12", "13", ', '{"11", "12", "18", '),
    ('"72", "80", "88"}', '"72", "80", "96", "104"}'),
    ('{"7", "8", "9", "10"} As table', '{"7", "9", "10", "11"} As table'),
    ('{"0", "1", "2", "3"} As guest', '{"0", "1", "3", "4"} As guest'),
    ('"24", "25", "26", "27", "28"}', '"24", "25", "26", "27", "29"}'),
    ('{"22", "23", "25"} As port', '{"22", "25", "26"} As port'),
    ('"MINE", "-s", "192.0.2.9"', '"MINE", "-s", "192.0.2.10"'),
    ('{"alpha", "beta", "gamma", ', '{"alpha", "gamma", "eta", '),
    ('"ours\\n"', '"still ours\\n"'),
)
_SO_RCVBUFFORCE: Final = 33
_PAUSE_S: Final = 0.02
PORT: Final = 7777
PATIENCE_S: Final = 15
# Sends numbered datagrams to several addresses, a thousand a second to each.
_SENDER: Final = """
import socket, sys, time
to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
due = time.monotonic()
sent = 0
print("sending", flush=True)
while True:
    for address in sys.argv[1:]:
        try:
            to.sendto(sent.to_bytes(8, "big"), (address, PORT))
        except OSError:
            pass
    sent += 1
    due += 0.001
    time.sleep(max(0.0, due - time.monotonic()))
""".replace("PORT", str(PORT))


class Flow:
    """What arrives at a host of numbered datagrams."""

    def __init__(self, host: Host) -> None:
        """Begin to listen."""
        with host.inside():
            self._at = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        with contextlib.suppress(PermissionError):  # in a user namespace: then there is room for a quarter of a second
            self._at.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 24)
        self._at.bind(("0.0.0.0", PORT))
        self._reading = threading.Lock()
        self._ending = threading.Event()
        self._reader = threading.Thread(target=self._read_all, name="flow", daemon=True)
        self.last = -1
        self.lost = 0
        self._reader.start()

    def begin(self) -> None:
        """Forget what has arrived, and what is missing."""
        self._read()
        with self._reading:
            self.last = -1
            self.lost = 0

    def wait(self) -> None:
        """Wait until more has arrived."""
        self._read()
        last = self.last
        wait_until("datagrams that arrive", lambda: self.last > last, PATIENCE_S)

    def close(self) -> None:
        """Listen no more."""
        self._ending.set()
        self._reader.join()
        self._at.close()

    def _read_all(self) -> None:
        while not self._ending.wait(_PAUSE_S):
            self._read()

    def _read(self) -> None:
        """Read what has arrived; what is missing between two is lost."""
        with self._reading:
            while True:
                try:
                    number = int.from_bytes(self._at.recv(8), "big")
                except BlockingIOError:
                    return
                if self.last >= 0:
                    self.lost += number - self.last - 1
                self.last = number


class Town:
    """One lab, in which daemon after daemon runs."""

    def __init__(self, lab: Lab, folder: Path, renewing: bool = False) -> None:
        """Make it, and run each version of the program once from its begin to its end.

        Shapes: renewing says whether there is a lease, which is renewed all the time.
        """
        self.folder = folder
        self._lab = lab
        self.renewing = renewing
        self.router, outside, inside, isp = (lab.host(name) for name in ("router", "outside", "inside", "isp"))
        lab.cable((self.router, "eth0"), (outside, "eth0"))
        lab.cable((self.router, "lan0"), (inside, "eth0"))
        lab.cable((self.router, "wan0"), (isp, "eth0"))
        isp.up("eth0", "10.0.0.1/24")
        pool = ("10.0.0.50", "10.0.0.50")
        for link in ("all", "default", "eth0", "lan0", "wan0"):  # duplicates take a second or two to be looked for
            self.router.sysctl(f"net.ipv6.conf.{link}.accept_dad", "0")
        self.server = isp.dhcp_server("eth0", pool, router="10.0.0.1", dns="10.0.0.1", options=["option:T1,3"])
        outside.up("eth0", "192.0.2.254/24")
        inside.up("eth0", "203.0.113.9/24")
        mac = self.router.run("cat", "/sys/class/net/eth0/address").strip()
        outside.ip(f"neigh add 192.0.2.1 lladdr {mac} dev eth0 nud permanent", "route add 203.0.113.0/24 via 192.0.2.1")
        self.router.write("/run/etc/found", "old\n")
        self.router.write("/etc/resolv.conf", "nameserver 192.0.2.99\n")
        self.flows = [Flow(host) for host in (self.router, inside)]
        outside.start([sys.executable, "-c", _SENDER, "192.0.2.1", "203.0.113.9"]).wait_output("sending\n")
        self.deletions = Deletions(self.router)
        self.programs: list[Path] = []
        program = PROGRAM.replace("#vlan ", "") if self._has_vlans() else PROGRAM
        for name, text in (("old", program), ("new", changed(program))):
            self.programs.append(folder / f"{name}.ncd")
            self.programs[-1].write_text(with_lease(text) if renewing else text)
        self.ends = view(self.router)
        self.up = [self._run_through(program) for program in self.programs]
        self.ends = view(self.router)  # what tools leave when they are first run: empty tables

    def close(self) -> None:
        """End all that runs in it."""
        for flow in self.flows:
            flow.close()
        self._lab.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _has_vlans(self) -> bool:
        """Say whether this kernel has them."""
        try:
            self.router.ip("link add link eth0 name probe type vlan id 9", "link del probe")
        except Unavailable:
            return False
        return True

    def _run_through(self, program: Path) -> View:
        daemon = self.start(program, "settled:to=/dev/null")
        assert daemon.wait_output("complete\n", PATIENCE_S), daemon.output()
        self.await_flows()
        seen = view(self.router)
        daemon.end(15)
        assert "undone" in daemon.output()
        daemon.close()
        return seen

    def start(self, program: Path, impair: str) -> Daemon:
        """Start a daemon."""
        return Daemon(self.router, program, impair)

    def await_renewals(self, count: int) -> None:
        """Wait until the lease has been renewed so many times more."""
        before = self.server.output().count("DHCPACK")
        wait_until("renewals", lambda: self.server.output().count("DHCPACK") >= before + count, PATIENCE_S)

    def await_flows(self) -> None:
        """Wait until one more datagram has arrived of each flow."""
        for flow in self.flows:
            flow.wait()


def changed(program: str) -> str:
    """Return the new version of the program."""
    for before, after in CHANGES:
        assert program.count(before) == 1, before
        program = program.replace(before, after)
    return program


def with_lease(program: str) -> str:
    """Return the program with a lease."""
    return program.replace("process all {", 'process all {\n    depend("WAN");') + RENEWING
