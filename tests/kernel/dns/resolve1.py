"""A systemd-resolved with a bus and a network of its own."""

import os
import signal
import subprocess
from pathlib import Path

from tests.kernel.dns.private import overlaid, run, until

STUB = "../run/systemd/resolve/stub-resolv.conf"
BUS = "/run/dbus/system_bus_socket"


class Resolve1:
    """One that can be ended and started again; the file leads to its stub, and there are links eth0 and wlan0."""

    def __init__(self, etc: Path) -> None:
        overlaid("systemd-resolved")
        with (etc / "passwd").open("a") as users, (etc / "group").open("a") as groups:
            users.write("systemd-resolve:x:64990:64990::/:/bin/false\n")
            groups.write("systemd-resolve:x:64990:\n")
        (etc / "resolv.conf").unlink()
        (etc / "resolv.conf").symlink_to(STUB)
        os.makedirs("/run/dbus")
        os.makedirs("/run/systemd/resolve")
        os.chown("/run/systemd/resolve", 64990, 64990)
        run("ip", "link", "set", "lo", "up")
        for name in ("eth0", "wlan0"):
            run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}-far")
            run("ip", "link", "set", f"{name}-far", "up")
            run("ip", "link", "set", name, "up")
        self._bus: subprocess.Popen[bytes] | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self.start_bus()
        self.start()

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    @property
    def bus_pid(self) -> int:
        assert self._bus is not None
        return self._bus.pid

    def start_bus(self) -> None:
        Path(BUS).unlink(missing_ok=True)
        self._bus = subprocess.Popen(["dbus-daemon", "--system", "--nofork", "--nopidfile"], stderr=subprocess.DEVNULL)
        until(lambda: os.path.exists(BUS))

    def start(self) -> None:
        self._child = subprocess.Popen(["/lib/systemd/systemd-resolved"], stderr=subprocess.DEVNULL)
        until(lambda: os.path.exists("/run/systemd/resolve/stub-resolv.conf"))
        until(lambda: subprocess.run(["resolvectl", "status"], capture_output=True, check=False).returncode == 0)

    def end(self) -> None:
        _end(self._child)
        self._child = None

    def end_bus(self) -> None:
        _end(self._bus)
        self._bus = None


def _end(child: subprocess.Popen[bytes] | None) -> None:
    if child is not None:
        child.send_signal(signal.SIGCONT)
        child.kill()
        child.wait()


def of_link(link: str = "eth0") -> dict[str, str]:
    """Return what it says of a link."""
    lines = run("resolvectl", "status", link).splitlines()
    found = dict(line.strip().partition(": ")[::2] for line in lines if ": " in line)
    found.pop("Current Scopes", None)  # which depend on addresses, too
    found.pop("Current DNS Server", None)
    protocols = found.pop("Protocols").split()
    return found | {"Default": "yes" if "+DefaultRoute" in protocols else "no", "Protocols": " ".join(protocols[1:])}
