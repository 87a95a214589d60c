"""A real systemd as the first program of a host's own process namespace, which starts the units of packaging/."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import netstrata
from netstrata.testing.child import TIMEOUT_S, Child, wait_until
from netstrata.testing.host import Host
from netstrata.values import Unavailable

PACKAGING = Path(__file__).parents[3] / "packaging"
PEERS = Path(__file__).parents[3] / ".peers"  # unpacked by ./check: see tools/setup.sh
SYSTEMD = "/lib/systemd/systemd"
PYTHON = f"/run/lab/python/bin/python3.{sys.version_info.minor}"
GROUPS = "/sys/fs/cgroup"
FIRST = Path(__file__).parent / "first.sh"

_UNITS = ("lab.target", "sysinit.target", "basic.target", "shutdown.target", "network.target")
_EMPTY = "[Unit]\nDefaultDependencies=no\n"
_OURS = (
    "Environment=PYTHONPATH=/run/lab/sources:/run/lab/packages LD_LIBRARY_PATH=/run/lab/python/lib",
    "StandardError=append:/run/daemon.log",
    "StandardOutput=append:/run/daemon.out",
)


def environment() -> dict[str, str]:
    """Return where systemd's programs and libraries are, for this machine and for the host."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    if os.access(SYSTEMD, os.X_OK):
        return {"PATH": path}
    libraries = sorted({library.parent.relative_to(PEERS) for library in PEERS.glob("*/usr/lib/**/*.so*")})
    roots = (PEERS, Path("/run/lab/peers"))
    return {
        "PATH": ":".join((path, *(f"{root}/systemd/usr/bin" for root in roots))),
        "LD_LIBRARY_PATH": ":".join(f"{root}/{folder}" for root in roots for folder in libraries),
    }


class Systemd:
    """The systemd of one host."""

    def __init__(self, host: Host, first: Child) -> None:
        self.host = host
        self._first = first

    def run(self, *words: str) -> str:
        """Run a program beside the units, to its end, and return what it prints.

        Raises: Unavailable, with that.
        """
        done = subprocess.run(
            ["nsenter", "--target", str(self._pid()), "--mount", "--net", "--pid", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
            text=True,
            timeout=TIMEOUT_S,
        )
        if done.returncode:
            raise Unavailable(f"run {' '.join(words)}", done.stdout.strip())
        return done.stdout

    def _pid(self) -> int:
        """Return the process id of systemd: the only child of the program that made its namespaces."""
        found = Path(f"/proc/{self._first.pid}/task/{self._first.pid}/children").read_text().split()
        if not found:
            raise Unavailable("find systemd", self._first.output())
        return int(found[0])

    def call(self, *words: str) -> str:
        """Run systemctl, and return what it says."""
        return self.run("systemctl", "--no-pager", *words)

    def answers(self) -> bool:
        """Say whether it has come up."""
        try:
            return "lab.target" in self.call("list-units", "--state=active")
        except Unavailable:
            if not self._first.running:
                raise
            return False

    def show(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.call("show", "--value", "--property", name, unit).strip()

    def install(self, unit: str, *drop_ins: str) -> None:
        """Install a unit of packaging/, with drop-ins, for the Python and the sources that run this test."""
        text = (PACKAGING / unit).read_text()
        path = f"/run/systemd/system/{unit}"
        self.host.write(path, text)
        commands = [
            line.replace("/usr/bin/netstrata", f"{PYTHON} -m netstrata")
            for line in text.splitlines()
            if "/usr/bin/" in line
        ]
        cleared = [f"{line.partition('=')[0]}=" for line in commands]
        lines = "\n".join(("[Service]", *cleared, *commands, *_OURS))
        for number, drop_in in enumerate((lines, *drop_ins)):
            self.host.write(f"{path}.d/{number}.conf", drop_in + "\n")
        self.call("daemon-reload")


@contextmanager
def booted(host: Host) -> Iterator[Systemd]:
    """Boot a systemd on a host, with no unit but those that the test installs."""
    if os.getuid() != 0 or Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]:
        pytest.skip("only root of the machine gives systemd a control group of its own")
    installed = os.access(SYSTEMD, os.X_OK)
    if not installed and not (PEERS / "systemd").is_dir():
        pytest.skip("no systemd here, and none below .peers")
    with _own_group(host) as group:
        words = (
            group,
            sys.base_prefix,
            str(Path(netstrata.__file__).parents[1]),
            str(Path(pytest.__file__).parents[1]),
            *(() if installed else (str(PEERS),)),
        )
        for unit in _UNITS:
            host.write(f"/run/systemd/system/{unit}", _EMPTY)
        first = host.start(("sh", str(FIRST), *words), environment())
        systemd = Systemd(host, first)
        try:
            wait_until("systemd", systemd.answers)
            yield systemd
        finally:
            first.signal(9)
            first.status()
            print(first.output())  # shown with a test that fails


@contextmanager
def _own_group(host: Host) -> Iterator[str]:
    """Make a control group (version 2), and remove it with all that systemd makes below it."""
    host.run("mount", "-t", "cgroup2", "none", GROUPS)
    name = f"netstrata-test-{os.getpid()}"
    host.run("mkdir", f"{GROUPS}/{name}")
    try:
        yield name
    finally:
        wait_until("an empty control group", lambda: host.call(lambda: _removed(f"{GROUPS}/{name}")))


def _removed(group: str) -> bool:
    try:
        for path, _, _ in os.walk(group, topdown=False):
            os.rmdir(path)
    except OSError:
        return False
    return True
