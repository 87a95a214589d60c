"""Runs each `async def` test of this folder in an event loop of its own, against the real kernel and against the model.

With the real one it is in a network namespace of its own, and takes root.  What a test asks of ip(8), the same ip is
asked in both: see `netstrata.testing.model.ip`.
"""

import asyncio
import errno
import inspect
import json
import os
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from netstrata.contract import PortsFor, declaration_of
from netstrata.language.valuetext import parse_value
from netstrata.ports import Ports
from netstrata.protocols.rtnetlink import encode_new_link
from netstrata.protocols.rtnetlink.constants import NLM_F_CREATE, NLM_F_EXCL, RTM_NEWLINK
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.system.netlink import Netlink
from netstrata.system.netlink.monitor import QUEUE_BYTES
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.sysctl import KernelSettings, SysctlPort
from netstrata.testing.child import wait_until
from netstrata.testing.model import ModelKernel, NotModelled
from netstrata.testing.model.ip import run_ip
from netstrata.testing.namespaces import NEWNET, in_thread, unshare
from netstrata.values import Unavailable


class Statement:
    """Who holds something, and what it was told."""

    def __init__(self) -> None:
        self.losses: asyncio.Queue[str] = asyncio.Queue()
        self.notes: list[str] = []
        self.awaited: list[str] = []
        self.told: asyncio.Queue[str] = asyncio.Queue()  # the same, to be waited for

    def lost(self, reason: Unavailable) -> None:
        self.losses.put_nowait(str(reason))

    def awaits(self, what: str) -> None:
        self.awaited.append(what)
        self.told.put_nowait(what)

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
        self.notes.append(line)

    def is_redone_above(self, layer: int) -> bool:
        return False

    @property
    def title(self) -> str:
        return "test.1"


Life = AsyncGenerator[Any, None]
# What the kernel counts or does by itself.
_VOLATILE = {
    "gc_timer",
    "hello_timer",
    "tcn_timer",
    "topology_change_timer",
    "root_id",
    "operstate",
    "qdisc",
    "tso_max_size",
}


class Batch:
    """An `ip -batch` that runs beside the test."""

    def __init__(self, lines: str) -> None:
        with tempfile.TemporaryFile("w+") as script:
            script.write(lines)
            script.seek(0)
            self._child = subprocess.Popen(["ip", "-batch", "-"], stdin=script)

    def runs(self) -> bool:
        """Say whether it still runs; fail if it failed."""
        status = self._child.poll()
        assert not status
        return status is None

    def end(self) -> None:
        """End it if it still runs."""
        self._child.terminate()
        self._child.wait()


class World:
    """A kernel with a veth pair, va and vb, and what a test needs in it: here the real one, in a network namespace."""

    def __init__(self) -> None:
        self.statement: Statement | None = None  # in whose name what follows runs
        self.netlinks: list[Netlink] = []
        self.netlink = netlink = self.another_netlink()
        self.ports = SimpleNamespace(
            links=netlink.links,
            addresses=netlink.addresses,
            routes=netlink.routes,
            rules=netlink.rules,
            neighbours=netlink.neighbours,
            holder=Statement(),
            sysctl=SysctlPort(KernelSettings(netlink.monitor)),
        )
        self.ip("link add va address 02:00:00:00:0a:01 type veth peer name vb address 02:00:00:00:0b:01")

    def another_netlink(self, queue_bytes: int = QUEUE_BYTES, recovery: Recovery = NO_RECOVERY) -> Netlink:
        """Return ports of their own over this kernel."""
        self.netlinks.append(self.new_netlink(queue_bytes, recovery))
        return self.netlinks[-1]

    def new_netlink(self, queue_bytes: int, recovery: Recovery) -> Netlink:
        """Make them."""
        return Netlink(queue_bytes, recovery=recovery)

    def requests(self) -> RequestSocket:
        """Return a request socket to this kernel."""
        return RequestSocket()

    def run(self, words: list[str], given: str = "") -> "subprocess.CompletedProcess[str]":
        """Run ip, which may fail."""
        return subprocess.run(["ip", *words], input=given, capture_output=True, text=True, timeout=60)

    def ip(self, words: str) -> str:
        """Run ip, and fail if it fails."""
        done = self.run(words.split())
        assert done.returncode == 0, f"ip {words}: {done.stderr}"
        return done.stdout

    def batch(self, lines: str) -> int:
        """Run many ip commands in one go; return how many."""
        done = self.run(["-batch", "-"], lines)
        assert done.returncode == 0, done.stderr
        return lines.count("\n")

    def start_batch(self, lines: str) -> Batch:
        """Run many ip commands meanwhile."""
        return Batch(lines)

    def finish_dad(self) -> None:
        """Let duplicate address detection end: the real kernel comes to it by itself, in a second or two."""

    def sysctl(self, path: str, value: str = "") -> str:
        """Read a setting of this namespace, after writing it if there is a value."""
        setting = Path("/proc/sys", path)  # the kernel shows the namespace of the thread that looks
        if value:
            setting.write_text(value)
        return setting.read_text().strip()

    def as_statement(self) -> Statement:
        """Let what follows run in the name of a new statement."""
        self.statement = Statement()
        for netlink in self.netlinks:
            for name in ("links", "addresses", "routes", "rules", "neighbours"):
                getattr(netlink, name)._who = self.statement
        return self.statement

    def started(self, function: Any, *words: str) -> Life:
        """Make a statement from its words, maps and lists in program text; it has done nothing yet."""
        values = [parse_value(word.encode()) if word[:1] in ("[", "{") else word.encode() for word in words]
        arguments = declaration_of(function).bind([value for value in values if value is not None])
        ports = PortsFor(self.ports, self.statement) if self.statement is not None else self.ports
        statement: Life = function(cast(Ports, ports), *arguments)
        return statement

    @staticmethod
    def in_one_step(awaitable: Any) -> Any:
        """Run something that must not suspend."""
        try:
            awaitable.__await__().send(None)
        except StopIteration as done:
            return done.value
        raise AssertionError("it suspended")

    def up_now(self, function: Any, *words: str) -> Life:
        """Bring a statement up."""
        statement = self.started(function, *words)
        self.in_one_step(anext(statement))
        return statement

    def down_now(self, statement: Life) -> None:
        """Take a statement down, as the engine does: let it run to its end."""
        with pytest.raises(StopAsyncIteration):
            self.in_one_step(anext(statement))

    def link(self, name: str) -> dict[str, Any]:
        """Return a link as ip shows it in detail."""
        found: dict[str, Any] = json.loads(self.ip(f"-j -d link show dev {name}"))[0]
        return found

    def links(self) -> str:
        """Return all links as text, in detail, without what changes by itself."""
        lines = []
        for row in json.loads(self.ip("-j -d link show")):
            data = row.get("linkinfo", {})
            for part in ("info_data", "info_slave_data"):
                data[part] = {key: data[part][key] for key in data.get(part, {}) if key not in _VOLATILE}
            lines.append(json.dumps({key: row[key] for key in row if key not in _VOLATILE}, sort_keys=True))
        return "\n".join(sorted(lines))

    def links_up(self) -> None:
        """Bring both ends up, and lo."""
        for name in ("lo", "va", "vb"):
            self.ip(f"link set {name} up")
        for name in ("va", "vb"):
            self.wait_carrier(name, True)

    def wait_carrier(self, link: str, there: bool) -> None:
        """Wait until the kernel has noticed a carrier, or its loss: it does so in a moment of leisure.

        The event loop looks at nothing meanwhile.
        """
        wait_until(f"the carrier of {link}", lambda: self._has_carrier(link) is there)

    def _has_carrier(self, link: str) -> bool:
        return "NO-CARRIER" not in json.loads(self.ip(f"-j link show dev {link}"))[0]["flags"]

    def addresses(self, link: str = "va") -> list[str]:
        """Return the addresses of a link that have global scope."""
        rows = json.loads(self.ip(f"-j addr show dev {link} scope global"))
        return [f"{a['local']}/{a['prefixlen']}" for row in rows for a in row.get("addr_info", ()) if "local" in a]

    def routes(self, words: str = "-4 route show") -> list[str]:
        """Return the routes that the kernel did not make itself."""
        lines = (" ".join(line.split()) for line in self.ip(words).splitlines())
        return [line for line in lines if "proto kernel" not in line and "proto ra" not in line]

    def rules(self) -> list[str]:
        """Return the rules of both families, without those of a new namespace."""
        lines = self.ip("-4 -N rule show").splitlines() + [
            f"6 {line}" for line in self.ip("-6 -N rule show").splitlines()
        ]
        plain = [" ".join(line.split()) for line in lines]
        return [line for line in plain if line.split(":")[0].split()[-1] not in ("0", "32766", "32767")]

    def is_up(self, link: str = "va") -> bool:
        """Say whether a link is administratively up."""
        return "UP" in json.loads(self.ip(f"-j link show dev {link}"))[0]["flags"]


class ModelWorld(World):
    """The same over the model kernel: without root, and without a namespace."""

    def __init__(self) -> None:
        self.kernel = ModelKernel()
        super().__init__()

    def new_netlink(self, queue_bytes: int, recovery: Recovery) -> Netlink:
        return self.kernel.netlink(queue_bytes, recovery)

    def requests(self) -> RequestSocket:
        return RequestSocket(opens=self.kernel.socket)

    def run(self, words: list[str], given: str = "") -> "subprocess.CompletedProcess[str]":
        return run_ip(self.kernel, words, given)

    def start_batch(self, lines: str) -> Batch:
        raise NotModelled("what happens meanwhile")

    def finish_dad(self) -> None:
        self.kernel.finish_dad()

    def sysctl(self, path: str, value: str = "") -> str:
        return self.kernel.setting(path, value)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of a world twice."""
    if "world" in metafunc.fixturenames:
        metafunc.parametrize("world", [pytest.param("real", marks=pytest.mark.kernel), "model"], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out with the model what is marked to be about the real one only, or needs links that few kernels have."""
    out = [
        item
        for item in items
        if getattr(item, "callspec", None) is not None
        and cast(Any, item).callspec.params.get("world") == "model"
        and (item.get_closest_marker("real_kernel") or item.get_closest_marker("vm"))
    ]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


@pytest.fixture
def world(request: pytest.FixtureRequest) -> None:
    """Is made by the hook below, if it is the real one in the test's own namespace."""
    if request.param == "model":
        return
    request.getfixturevalue("root")
    marker = request.node.get_closest_marker("vm")
    for kind in marker.args if marker is not None else ():
        if kernel_lacks(kind):
            pytest.skip(f"this kernel has no {kind} links; tools/vm-tests runs these tests in another one")


# What not every kernel has, and its module.
_MODULES = {"netdevsim": "netdevsim", "cake": "sch_cake", "fq_codel": "sch_fq_codel", "act_police": "act_police"}
# What not every kernel has that has the kind of links: the kind, and options of it.
_PROBES: dict[str, tuple[str, int, str, dict[int, bytes]]] = {"VLAN-filtering bridge": ("bridge", 0, "", {7: b"\1"})}


@cache
def kernel_lacks(kind: str) -> bool:
    """Say whether the kernel knows nothing of a kind of links, or keeps it from us."""
    if kind == "tun":
        return not os.access("/dev/net/tun", os.R_OK | os.W_OK)
    if kind in _MODULES:
        done = subprocess.run(["modprobe", _MODULES[kind]], capture_output=True, timeout=60)
        return done.returncode != 0

    def ask() -> bool:
        unshare(NEWNET)
        requests = RequestSocket()
        body = encode_new_link("probe", *_PROBES.get(kind, (kind, 0, "", {})), {})
        answer = requests.request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body)
        requests.close()
        return answer is not None and answer.errno == errno.EOPNOTSUPP

    return in_thread(ask)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Call a coroutine test with its world."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    names = inspect.signature(test).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}

    which = cast(Any, pyfuncitem).callspec.params["world"]

    async def scenario() -> None:
        world = ModelWorld() if which == "model" else World()
        try:
            await asyncio.wait_for(test(**{**arguments, "world": world}), 20)
        finally:
            world.netlink.close()

    def play() -> None:
        if which == "real" or os.geteuid() == 0:  # a test of the model that goes astray does not reach the machine
            unshare(NEWNET)
        asyncio.run(scenario())

    in_thread(play)
    return True
