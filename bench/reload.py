"""One address of hundreds of links changed in the program's file: until the kernel has told of it, against its peers.

Side by side in one run: `netstrata reload` over the control socket and as a command; `networkctl reload` of
systemd-networkd; `ifreload -a` of ifupdown2.  Each has a network namespace and mounts of its own, with the same links.
A side is left out if its programs are not here.  Debian's package of ifupdown2 may be unpacked somewhere, so that it
need not be installed: IFUPDOWN2=FOLDER, which is laid over /usr in the mounts of its side.

    bench/reload.py [LINKS]         the sides, with so many links (500)
    bench/reload.py --growth        how ours grows with the program: one process changes, or the first and the last
"""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from space import median, shell

from netstrata.cli.client import Connection

ROUNDS = 7
QUIET_S = 0.7  # without news, after which nothing comes any more
IFUPDOWN2 = os.environ.get("IFUPDOWN2", "")
NETWORKD = "/lib/systemd/systemd-networkd"
_GROUPS = 1 << 0 | 1 << 4 | 1 << 6 | 1 << 8 | 1 << 10  # RTMGRP_LINK, addresses and routes of both families


class News:
    """What the kernel tells of links, addresses and routes."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.bind((0, _GROUPS))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)

    def last(self, act: Callable[[], object]) -> tuple[float, int]:
        """Return how long it takes from an act to the last of the news, in seconds, and how many there are."""
        while select.select([self._socket], [], [], 0)[0]:
            self._socket.recv(1 << 16)
        began = last = time.monotonic()
        count = 0
        act()
        while select.select([self._socket], [], [], QUIET_S)[0]:
            self._socket.recv(1 << 16)
            last = time.monotonic()
            count += 1
        return last - began, count


class Side:
    """One of those that are compared."""

    def __init__(self, folder: Path, links: int) -> None:
        self.folder = folder
        self.links = links
        self.process: subprocess.Popen[bytes] | None = None

    def address(self, number: int, changed: int) -> str:
        """Return the address of a link; of the last one it differs from round to round."""
        last = changed if number == self.links - 1 else 0
        return f"10.{number // 200}.{number % 200}.{last + 1}/24"

    def check(self, changed: int) -> None:
        """See that the kernel has the addresses of a round, and no others."""
        told = subprocess.run(["ip", "-4", "-o", "addr", "show", "up"], capture_output=True, text=True, check=True)
        found = {line.split()[3] for line in told.stdout.splitlines() if " 10." in line}
        if found != {self.address(number, changed) for number in range(self.links)}:
            raise SystemExit(f"round {changed} has had no effect, or another one:\n{told.stdout}")

    def write(self, changed: int) -> None:
        """Write the configuration."""
        raise NotImplementedError

    def start(self) -> None:
        """Bring all of it up."""
        raise NotImplementedError

    def reload(self) -> object:
        """Have it read again."""
        raise NotImplementedError

    def end(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def run(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a program, with what it says in a file."""
        with open(self.folder / "said", "ab") as said:
            return subprocess.Popen(words, stdout=said, stderr=said)


class Ours(Side):
    """`netstrata reload`, over the control socket."""

    def write(self, changed: int) -> None:
        own = [self.address(number, changed) for number in range(self.links)]
        (self.folder / "program.ncd").write_text(
            "".join(
                f'process p{number} {{\n    net.up("l{number}");\n    net.ipv4.addr("l{number}", "{one}");\n}}\n'
                for number, one in enumerate(own)
            )
        )

    def start(self) -> None:
        words = ("--quiet", "--state", str(self.folder), "--control", str(self.folder / "control"))
        self.process = self.run(sys.executable, "-m", "netstrata", "run", *words, str(self.folder / "program.ncd"))
        wait_for_addresses(self.links)
        self.connection = Connection(str(self.folder / "control"), 60)

    def reload(self) -> object:
        return self.connection.call("Reload")


class OurCommand(Ours):
    """`netstrata reload`, from its exec."""

    def reload(self) -> object:
        words = [sys.executable, "-m", "netstrata", "reload", "--control", str(self.folder / "control")]
        return subprocess.run(words, stdout=subprocess.DEVNULL, check=True)


class Networkd(Side):
    """`networkctl reload` of systemd-networkd."""

    def write(self, changed: int) -> None:
        for number in range(self.links):
            file = Path(f"/run/systemd/network/{number:03}.network")
            own = self.address(number, changed)
            text = f"[Match]\nName=l{number}\n[Network]\nAddress={own}\nLinkLocalAddressing=no\n"
            if not file.exists() or file.read_text() != text:
                file.write_text(text)

    def start(self) -> None:
        self.process = self.run(NETWORKD)
        wait_for_addresses(self.links)

    def reload(self) -> object:
        return subprocess.run(["networkctl", "reload"], check=True)


class Ifupdown2(Side):
    """`ifreload -a` of ifupdown2."""

    def write(self, changed: int) -> None:
        Path("/etc/network/interfaces").write_text(
            "".join(
                f"auto l{number}\niface l{number}\n    address {self.address(number, changed)}\n"
                for number in range(self.links)
            )
        )

    def start(self) -> None:
        with open(self.folder / "said", "ab") as said:
            subprocess.run(["ifup", "-a"], stdout=said, stderr=said, check=True)
        wait_for_addresses(self.links)

    def reload(self) -> object:
        with open(self.folder / "said", "ab") as said:
            return subprocess.run(["ifreload", "-a"], stdout=said, stderr=said, check=True)


def wait_for_addresses(count: int) -> None:
    """Wait until all are there."""
    for _ in range(600):
        told = subprocess.run(["ip", "-4", "-o", "addr", "show", "up"], capture_output=True, text=True, check=True)
        if told.stdout.count(" 10.") >= count:
            return
        time.sleep(0.1)
    raise SystemExit("the addresses did not come within 60 s")


SIDES: dict[str, tuple[type[Side], str]] = {
    "netstrata, control socket": (Ours, ""),
    "netstrata reload": (OurCommand, ""),
    "networkctl reload": (Networkd, "networkctl"),
    "ifreload -a": (Ifupdown2, "ifreload"),
}


def prepare(links: int) -> None:
    """Make links, and mounts of our own for what the peers read."""
    shell("mount --make-rprivate /; mount -t tmpfs run /run; mount -t tmpfs var /var/lib; mount -t sysfs sys /sys")
    shell("mount -o remount,ro,bind /sys; mount -t tmpfs tmp /mnt; cp -a /etc /mnt/etc; mount --bind /mnt/etc /etc")
    shell("mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp")
    shell("chown -R systemd-network /run/systemd/netif; mkdir /run/dbus")
    if IFUPDOWN2:
        shell(f"chmod +x {IFUPDOWN2}/usr/share/ifupdown2/__main__.py")
        shell(f"mount -t overlay usr -o lowerdir={IFUPDOWN2}/usr:/usr /usr; cp -a {IFUPDOWN2}/etc/. /etc/")
    shell("mkdir -p /run/network /etc/network")
    shell("sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
    lines = "".join(f"link add l{n} type veth peer name p{n}\nlink set p{n} up\n" for n in range(links))
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
    with open("/run/bus.conf", "w", encoding="ascii") as file:
        file.write(
            "<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>"
            '<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>'
            '<allow receive_sender="*"/></policy>'
            "</busconfig>"
        )


def measure(name: str, links: int) -> None:
    """Measure one side, here."""
    side_type, _ = SIDES[name]
    prepare(links)
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        side = side_type(Path(folder), links)
        bus = side.run("dbus-daemon", "--config-file=/run/bus.conf", "--nofork")
        side.write(0)
        side.start()
        time.sleep(2)
        news = News()
        times = []
        for number in range(1, ROUNDS + 1):
            side.write(number)
            taken, count = news.last(side.reload)
            times.append(taken)
            side.check(number)
        print(f"{name:26} {median(times) * 1000:9.1f} ms   {count} messages of the kernel", flush=True)
        side.end()
        bus.terminate()
        bus.wait()


def growth() -> None:
    """Print how long a reload takes in which of many processes few change; nothing of the kernel is in it."""
    for count in (1, 100, 1000, 10_000):
        with tempfile.TemporaryDirectory() as name:
            growth_of(count, Path(name))


def growth_of(count: int, folder: Path) -> None:
    """Print it for so many processes."""
    program = folder / "program.ncd"

    def write(first: int, last: int) -> None:
        rest = "".join(f'process p{n} {{ var("{n}") a; var(a) b; }}\n' for n in range(2, count))
        ends = [f'process p{n} {{ println("{said}"); }}\n' for n, said in ((0, first), (1, last))]
        program.write_text(ends[0] + rest + (ends[1] if count > 1 else ""))

    write(0, 0)
    words = ["--quiet", "--state", str(folder), "--control", str(folder / "control"), str(program)]
    with open(folder / "said", "wb") as said:
        daemon = subprocess.Popen([sys.executable, "-m", "netstrata", "run", *words], stdout=said, stderr=said)
    while not (folder / "control").exists():
        time.sleep(0.05)
    connection = Connection(str(folder / "control"), 60)
    while not connection.call("Status", process="p0")["processes"]:
        time.sleep(0.05)
    before = resident(daemon.pid)
    found = []
    for changed in (1, 2):
        times = []
        for number in range(1, ROUNDS + 1):
            write(number + 100 * changed, number * (changed == 2))
            time.sleep(0.2)  # until what ran before is on disk, which nobody waits for
            began = time.monotonic()
            connection.call("Reload")
            times.append(time.monotonic() - began)
        found.append(median(times) * 1000)
    began = time.monotonic()
    is_same = program.read_bytes() == program.read_bytes()
    read = (time.monotonic() - began) * 1000 if is_same else 0.0
    print(
        f"{count:6} processes: {found[0]:7.1f} ms; first and last: {found[1]:7.1f} ms; to read and compare the file"
        f" {read:.1f} ms; {before:.1f} MB before, {resident(daemon.pid):.1f} MB after {2 * ROUNDS} reloads",
        flush=True,
    )
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()


def resident(pid: int) -> float:
    """Return how much memory a process has, in megabytes."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def main(words: list[str]) -> None:
    """Measure what the words say."""
    if words == ["--growth"]:
        growth()
        return
    if words[:1] == ["--side"]:
        measure(words[1], int(words[2]))
        return
    links = int(words[0]) if words else 500
    for name, (_, needs) in SIDES.items():
        if needs and shutil.which(needs) is None and not os.path.lexists(f"{IFUPDOWN2}/usr/sbin/{needs}"):
            print(f"{name:26} left out: {needs} is not here", flush=True)
            continue
        own = [sys.executable, *sys.argv[:1], "--side", name, str(links)]
        subprocess.run(["unshare", "--net", "--mount", "--", *own], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
