"""How long it takes until other name servers are in effect: a file, a dnsmasq of ours, systemd-resolved.

As root; it goes into a mount and network namespace of its own.  systemd-resolved is that which `./check` unpacks.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from netstrata.ports.dns import LinkServers
from netstrata.system.output.standard_output import StandardOutput
from netstrata.system.ports import SystemPorts

ROUNDS = 50
RESOLVED = Path(__file__).parents[1] / ".peers/systemd-resolved"


def prepare() -> None:
    """Have a link, and an /etc and a /run of our own."""
    for words in (
        "mount --make-rprivate /", "mount -t tmpfs run /run", "mkdir /run/etc", "mount -t tmpfs etc /run/etc",
        "cp -a /etc/passwd /etc/group /etc/nsswitch.conf /run/etc/", "mount --bind /run/etc /etc",
        "ip link set lo up", "ip link add eth0 type veth peer name eth1", "ip link set eth0 up",
    ):  # fmt: skip
        subprocess.run(words.split(), check=True)


def start_resolved() -> list["subprocess.Popen[bytes]"]:
    """Start one, with a bus."""
    for words in (
        f"mount -t overlay o -o lowerdir={RESOLVED}/usr:/usr /usr", f"cp -a {RESOLVED}/etc/. /etc/",
        "mkdir -p /run/dbus /run/systemd/resolve", "chown 64990:64990 /run/systemd/resolve",
    ):  # fmt: skip
        subprocess.run(words.split(), check=True)
    with open("/etc/passwd", "a") as users, open("/etc/group", "a") as groups:
        users.write("systemd-resolve:x:64990:64990::/:/bin/false\n")
        groups.write("systemd-resolve:x:64990:\n")
    started = [subprocess.Popen(["dbus-daemon", "--system", "--nofork", "--nopidfile"], stderr=subprocess.DEVNULL)]
    time.sleep(1)
    started.append(subprocess.Popen(["/lib/systemd/systemd-resolved"], stderr=subprocess.DEVNULL))
    time.sleep(2)
    return started


async def measured(ports: SystemPorts, domains: list[bytes], link: str) -> float:
    """Return the median of the milliseconds from the call until the servers are asked."""
    took: list[float] = []
    for at in range(ROUNDS):
        server = b"192.0.2.%d" % (at + 1)
        begun = time.perf_counter()
        if link:
            held = ports.dns.held_servers(LinkServers(link, [server], domains, [], not domains, {}), 20)
        else:
            held = ports.dns.held_lines([b"nameserver " + server], 20)
        async with held:
            took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


async def main() -> None:
    """Measure each."""
    ports = SystemPorts(StandardOutput(), state="/run/state", run="/run/netstrata")
    base = LinkServers("eth0", [b"198.51.100.1"], [b"corp.example"], [], False, {})
    print(f"resolv.conf: {await measured(ports, [], ''):.2f} ms")
    async with ports.dns.held_servers(base, 30):
        print(f"a dnsmasq that runs: {await measured(ports, [b'lab.example'], 'eth0'):.2f} ms")
    if RESOLVED.is_dir():
        started = start_resolved()
        print(f"systemd-resolved: {await measured(ports, [b'lab.example'], 'eth0'):.2f} ms")
        for child in started:
            child.kill()


if __name__ == "__main__":
    if sys.argv[1:] != ["inside"]:
        os.execvp("unshare", ["unshare", "-mn", sys.executable, __file__, "inside"])
    prepare()
    asyncio.run(main())
