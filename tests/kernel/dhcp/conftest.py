"""Two hosts on one wire: the test itself stands in the client's network namespace, servers run in the other one."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from netstrata.ports import DhcpOptions, Lease
from netstrata.protocols.dhcpv4 import Message, decode, encode
from netstrata.system.dhcp import DhcpClients
from netstrata.values import Unavailable, parse_ipv4

_IP_PKTINFO = 8
_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
TIMEOUT_S = 60.0


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Told:
    """The statement in whose name a client runs."""

    title = "test.1 net.ipv4.dhcp"

    def __init__(self) -> None:
        self.lines: list[str] = []

    def is_redone_above(self, layer: int) -> bool:
        return False

    def awaits(self, what: str) -> None:
        raise AssertionError(what)

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Forget it."""

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Forget it."""

    def again(self, reason: str, wait_ms: int) -> None:
        raise AssertionError(reason)

    def mended(self, line: str) -> None:
        raise AssertionError(line)

    def hear(self, child: str, pid: int, line: str) -> None:
        raise AssertionError(line)

    def note(self, line: str, kind: str = "") -> None:
        self.lines.append(line)

    def lost(self, reason: Unavailable) -> None:
        raise AssertionError(reason)


class Server:
    """A DHCP server that does what it is told: it hears everything, and says what the test says."""

    def __init__(self, wire: Wire) -> None:
        self.heard: list[Message] = []
        self.destinations: list[str] = []
        self._news = asyncio.Event()
        self._answer: Callable[[Message], list[bytes]] = lambda message: []
        with wire.on_the_servers_side():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            self._socket.bind(("0.0.0.0", 67))
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._readable)

    def answers(self, answer: Callable[[Message], list[bytes]]) -> None:
        self._answer = answer

    def grants(self, address: str = "10.7.0.50", **options: bytes) -> None:
        self.answers(lambda message: self.granting(message, address, **options))

    def granting(self, message: Message, address: str = "10.7.0.50", **options: bytes) -> list[bytes]:
        """OFFER to a DISCOVER, ACK to a REQUEST, silence to anything else."""
        answer = {1: 2, 3: 5}.get(kind_of(message))
        return [reply_to(message, answer, address, **options)] if answer is not None else []

    def kinds(self) -> list[int]:
        return [kind_of(message) for message in self.heard]

    async def until_heard(self, kind: int, times: int = 1) -> Message:
        async def heard() -> Message:
            while True:
                found = [message for message in self.heard if kind_of(message) == kind]
                if len(found) >= times:
                    return found[times - 1]
                self._news.clear()
                await self._news.wait()

        return await asyncio.wait_for(heard(), TIMEOUT_S)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _readable(self) -> None:
        payload, ancillary, _, _ = self._socket.recvmsg(4096, 64)
        message = decode(payload)
        self.heard.append(message)
        self.destinations.append(socket.inet_ntoa(ancillary[0][2][8:12]))
        self._news.set()
        for payload in self._answer(message):
            self._socket.sendto(payload, ("255.255.255.255", 68))


def kind_of(message: Message) -> int:
    return message.options[53][0]


def reply_to(asked: Message, kind: int, address: str = "10.7.0.50", **options: bytes) -> bytes:
    """A good answer, with options changed (o3=…) or left out (o3=b"")."""
    said = {
        53: bytes((kind,)),
        54: packed("10.7.0.1"),
        51: struct.pack("!I", 3600),
        1: packed("255.255.255.0"),
        3: packed("10.7.0.1"),
        6: packed("10.7.0.53"),
    }
    if kind == 6:
        said = {53: bytes((kind,)), 54: packed("10.7.0.1")}
    said.update({int(name[1:]): value for name, value in options.items()})
    said = {code: value for code, value in said.items() if value}
    yours = packed(address) if kind != 6 else bytes(4)
    return encode(Message(2, asked.xid, asked.mac, said, yours=yours))


def packed(address: str) -> bytes:
    found = parse_ipv4(address.encode())
    assert found is not None
    return found


class Wire:
    """The veth pair: eth0 here (02:00:00:00:0c:01, no address), eth0 there (02:00:00:00:05:01, 10.7.0.1/24)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.told = Told()
        self._children: list[subprocess.Popen[bytes]] = []
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        assert not _libc.unshare(_NEWNET)
        self._theirs = os.open("/proc/self/ns/net", os.O_RDONLY)
        run("ip", "link", "set", "lo", "up")
        assert not _libc.unshare(_NEWNET)
        self._ours = os.open("/proc/self/ns/net", os.O_RDONLY)
        run("ip", "link", "add", "eth0", "address", "02:00:00:00:0c:01", "type", "veth", "peer", "name", "peer0")
        run(
            "ip",
            "link",
            "set",
            "peer0",
            "address",
            "02:00:00:00:05:01",
            "netns",
            f"/proc/{os.getpid()}/fd/{self._theirs}",
        )
        with self.on_the_servers_side():
            run("ip", "link", "set", "peer0", "name", "eth0", "up")
            run("ip", "addr", "add", "10.7.0.1/24", "dev", "eth0")
        run("ip", "link", "set", "eth0", "up")
        self.wait_carrier()

    def on_the_servers_side(self) -> _There:
        return _There(self._theirs, self._ours)

    def there(self, *words: str) -> str:
        with self.on_the_servers_side():
            return run(*words)

    def here(self, *words: str) -> str:
        return run(*words)

    def start(self, *words: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a program on the server's side; its output goes to a file in the test's directory."""
        log = self.directory / f"{os.path.basename(words[0])}.log"
        with self.on_the_servers_side(), log.open("ab") as output:
            child = subprocess.Popen(
                words, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=self.directory,
                env={**os.environ, **(environment or {})},
            )  # fmt: skip
        self._children.append(child)
        return child

    def stop(self, child: subprocess.Popen[bytes]) -> None:
        child.kill()
        child.wait(TIMEOUT_S)
        self._children.remove(child)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a child's state, which no event shows."""
        end = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)

    def wait_carrier(self) -> None:
        """Wait until both ends can send; what they are given before the kernel has noticed their carrier is lost."""
        for show in (self.here, self.there):
            self.until(partial(_sends, show))

    def dnsmasq(self, first: str = "10.7.0.50", last: str = "10.7.0.60", *more: str) -> subprocess.Popen[bytes]:
        if shutil.which("dnsmasq") is None:
            pytest.skip("dnsmasq is not installed")
        child = self.start(
            "dnsmasq", "--no-daemon", "-C", "/dev/null", "-p0", "-i", "eth0", "--bind-interfaces", "--no-ping",
            "--pid-file=", "--dhcp-authoritative", "--log-dhcp", f"--dhcp-leasefile={self.directory}/leases",
            f"--dhcp-range={first},{last},2m", "--log-facility=-", *more,
        )  # fmt: skip
        self.until(lambda: ":67" in self.there("ss", "-lunH"))
        return child

    def log(self, program: str) -> str:
        return (self.directory / f"{program}.log").read_text(errors="replace")

    def leases(self, options: DhcpOptions = DhcpOptions()) -> Leases:  # noqa: B008 - it never changes
        return self.leases_on("eth0", options)

    def leases_on(self, link: str, options: DhcpOptions = DhcpOptions()) -> Leases:  # noqa: B008 - as above
        clients = DhcpClients(str(self.directory / "state"), self.told)
        return Leases(clients.leases(link, options))

    def close(self) -> None:
        for child in list(self._children):
            self.stop(child)
        _enter(self._home)
        for namespace in (self._home, self._ours, self._theirs):
            os.close(namespace)


def _sends(show: Callable[..., str]) -> bool:
    shown = show("ip", "link", "show", "dev", "eth0")
    return "NO-CARRIER" not in shown and "qdisc noop " not in shown


class _There:
    def __init__(self, there: int, here: int) -> None:
        self._there, self._here = there, here

    def __enter__(self) -> None:
        _enter(self._there)

    def __exit__(self, *_: object) -> None:
        _enter(self._here)


class Leases:
    """What one client yields."""

    def __init__(self, stream: AsyncGenerator[Lease | None, None]) -> None:
        self.stream = stream

    async def next(self) -> Lease | None:
        return await asyncio.wait_for(anext(self.stream), TIMEOUT_S)

    async def lease(self) -> Lease:
        found = await self.next()
        assert found is not None
        return found

    async def close(self) -> None:
        await self.stream.aclose()


@pytest.fixture
def wire(root: None, tmp_path: Path) -> Iterator[Wire]:
    made = Wire(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def server(wire: Wire) -> Callable[[], Server]:
    return lambda: Server(wire)


@pytest.fixture
def reply() -> Callable[..., bytes]:
    return reply_to
