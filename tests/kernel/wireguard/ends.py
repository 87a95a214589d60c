"""Two hosts with a cable between them: a daemon of ours on one, and wg(8) on the other, which is nobody's.

WireGuard is the kernel's where it has any, and wireguard-go's where it has none: the same tests in both.
"""

import sys
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import which

import pytest
from tests.kernel.filters.programs import SOURCES, started
from tests.kernel.statements.test_every_statement import SLOW_S

from netstrata.protocols.wireguard.x25519 import public_key
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

GO = {"WG_PROCESS_FOREGROUND": "1", "LOG_LEVEL": "error", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
KEYS = {name: bytes([number]) * 32 for number, name in enumerate(("a", "b", "c", "d"), 1)}
SECRET = {name: b64encode(key).decode() for name, key in KEYS.items()}
PUBLIC = {name: b64encode(public_key(key)).decode() for name, key in KEYS.items()}


def has_kernel_wireguard(host: Host) -> bool:
    """Say whether the kernel makes links of that kind."""
    return "lacks" not in host.run(
        "sh", "-c", "ip link add probe type wireguard 2>/dev/null && ip link del probe || echo lacks"
    )


class End:
    """A host that nobody configures but the test, by wg(8)."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self._folder = folder
        self.program: Child | None = None

    def begin(self, key: str, port: int, address: str, peers: str) -> None:
        """Make wg0 with a key, a port, an address, and peers as wg says them."""
        if has_kernel_wireguard(self.host):
            self.host.ip("link add wg0 type wireguard")
        else:
            self.program = self.host.start(["wireguard-go", "-f", "wg0"], GO)
            wait_until("wg0", lambda: "wg0" in self.host.run("sh", "-c", "ls /run/wireguard 2>/dev/null || true"))
        file = self._folder / f"{key}.key"
        file.write_text(SECRET[key])
        self.host.run("sh", "-c", f"wg set wg0 private-key {file} listen-port {port} {peers}")
        self.host.ip(f"addr add {address} dev wg0", "link set wg0 up")

    def shows(self, what: str) -> str:
        """Return what wg shows of wg0."""
        return self.host.run("wg", "show", "wg0", what)


class Ends:
    """The two hosts."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        if which("wg", path=GO["PATH"]) is None or which("wireguard-go", path=GO["PATH"]) is None:
            pytest.skip("this takes Debian's packages wireguard-tools and wireguard-go")
        self.folder = folder
        self.ours, theirs = lab.host("ours"), lab.host("theirs")
        self.cable = lab.cable((self.ours, "va"), (theirs, "vb"))
        self.ours.up("va", "192.0.2.1/24")
        theirs.up("vb", "192.0.2.2/24", "192.0.2.3/24")
        self.theirs = End(theirs, folder)

    def run(self, text: str, *options: str, shorter: str = "") -> Child:
        """Start a daemon with a program; `shorter` is Python, done before."""
        (self.folder / "state").mkdir(exist_ok=True)
        words = ("--control", str(self.folder / "control"), "--state", str(self.folder / "state"), *options)
        if not shorter:
            return started(self.ours, self.folder / "x.ncd", text, *words)
        (self.folder / "x.ncd").write_text(text)
        code = f"import sys; {shorter}; from netstrata.cli import main; sys.exit(main())"
        path = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin:/usr/sbin"}
        return self.ours.start([sys.executable, "-c", code, "run", str(self.folder / "x.ncd"), *words], path)

    def asked(self, *words: str) -> str:
        """Return what a command prints about the daemon."""
        path = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin"}
        asked = self.ours.start(
            [sys.executable, "-m", "netstrata", *words, "--control", str(self.folder / "control")], path
        )
        asked.status(SLOW_S)
        return asked.output()

    def reaches(self, address: str) -> bool:
        """Say whether a host behind the tunnel answers within a second."""
        return " 1 packets received" in self.ours.run("sh", "-c", f"busybox ping -c1 -W1 {address} || true")

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait as long as it may take on a slow machine."""
        wait_until(what, holds, SLOW_S)

    def until_reached(self, address: str) -> None:
        """Wait until a host behind the tunnel answers."""
        self.until(f"an answer of {address}", partial(self.reaches, address))

    def rest(self) -> list[str]:
        """Return what is there of links, addresses and routes, and which programs run."""
        running = self.ours.run("sh", "-c", "ls /run/wireguard 2>/dev/null || true")
        return [*self.ours.kernel().splitlines(), *running.splitlines()]


def words(options: dict[str, str]) -> str:
    """Return options as they stand in a map."""
    return ", ".join(f'"{word}": "{value}"' for word, value in options.items())


def link(key: str = "a", **options: str) -> str:
    """Return the statements that make our end."""
    given = words({"private_key": SECRET[key], "listen_port": "51820"} | options)
    return f'vpn.wireguard("wg0", [{given}]) tunnel; net.up("wg0"); net.addr("wg0", "10.66.0.1/24");'


def peer(name: str = "b", allowed: str = "10.66.0.2/32", endpoint: str = "192.0.2.2:51820", **options: str) -> str:
    """Return the statement that adds the other end."""
    given = words(({"endpoint": endpoint} if endpoint else {}) | options)
    more = f", {given}" if given else ""
    return f'vpn.wireguard.peer("wg0", "{PUBLIC[name]}", ["allowed_ips": {{"{allowed}"}}{more}]) {name};'


def of_us(allowed: str = "10.66.0.1/32", name: str = "a") -> str:
    """Return what wg says so that we are a peer."""
    return f"peer {PUBLIC[name]} allowed-ips {allowed}"
