"""A daemon that dies of itself, or hangs: in whichever way, all stays, and the next one takes it over as it stands.

Linux 6.18, iproute2 6.1.0, Python 3.11.  The statement that it dies of is that of a package, and does what it says: no
way to die is pretended.
"""

import os
import re
import signal
import sys
from pathlib import Path

import pytest
from tests.kernel.filters.programs import SOURCES
from tests.kernel.test_adopted_children import pids
from tests.kernel.test_router import PROGRAM
from tests.kernel.test_upgrade import changes, of_ours

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
STATEMENT = '''
"""fatal.now: what the daemon dies of, as soon as a file is there; the file goes first, so that it dies once."""

import asyncio, ctypes, mmap, os, resource, sys
from netstrata.contract import DOWN, Watch, watches
from netstrata.contract.shapes.common import Text
from netstrata.ports import Ports


def bus_error():
    with open("/run/short", "w+b") as file:
        file.truncate(4096)
        mapped = mmap.mmap(file.fileno(), 4096)
        file.truncate(0)
        return mapped[0]


def no_memory():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
    try:
        return bytearray(1 << 40)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def all_memory():
    kept = []
    while True:
        kept.append(bytearray(os.urandom(1 << 20)))


def loop():
    while True:
        pass


def later():
    asyncio.get_running_loop().call_soon(sys.exit, 3)


WAYS = {
    "leaves by an exception": lambda: sys.exit(3),
    "leaves by an exception of the loop": later,
    "is killed": lambda: os.kill(os.getpid(), 9),
    "aborts": os.abort,
    "reads where nothing is": lambda: ctypes.string_at(0),
    "reads what the disk has lost": bus_error,
    "is broken as compiled code is": lambda: ctypes.pythonapi.Py_FatalError(b"of C"),
    "hangs": loop,
    "takes all memory": all_memory,
    "has no memory for one thing": no_memory,
}


@watches("fatal.now")
async def now(ports: Ports, way: Text) -> Watch[None]:
    """Die.

    Example:
        fatal.now("is killed");
    """
    yield
    while not os.path.exists("/run/now"):
        await asyncio.sleep(0.01)
    os.unlink("/run/now")
    WAYS[way.decode() if isinstance(way, bytes) else way]()
    yield DOWN
'''
MORE = """
process child {{ daemon({{"/bin/sleep", "1000"}}); println("child"); }}
process fatal {{ fatal.now("{way}"); }}
"""
DYING = {
    "leaves by an exception": 1,
    "leaves by an exception of the loop": 1,
    "is killed": -signal.SIGKILL,
    "aborts": -signal.SIGABRT,
    "reads where nothing is": -signal.SIGSEGV,
    "reads what the disk has lost": -signal.SIGBUS,
    "is broken as compiled code is": -signal.SIGABRT,
}
GROUP = "/sys/fs/cgroup/netstrata-test-"
# Does for one program what systemd does for a unit with Type=notify, WatchdogSec= and Restart=on-failure.
SUPERVISOR = """
import os, signal, socket, struct, subprocess, sys, time
watchdog_s = 5.0
at = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
at.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
at.bind("/run/notify")
environment = {**os.environ, "NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": str(int(watchdog_s * 1e6))}
going = True
def stop(*_):
    global going
    going = False
    child.send_signal(signal.SIGTERM)
signal.signal(signal.SIGTERM, stop)
while going:
    child = subprocess.Popen(sys.argv[1:], env={**environment})
    print("started", child.pid, flush=True)
    at.settimeout(0.05)
    due = time.monotonic() + 60
    while child.poll() is None:
        if time.monotonic() > due:
            print("no sign of life", flush=True)
            child.send_signal(signal.SIGABRT)
            child.wait()
            break
        try:
            said, more, _, _ = at.recvmsg(4096, socket.CMSG_SPACE(12))
        except TimeoutError:
            continue
        if struct.unpack("3i", more[0][2])[0] != child.pid:  # NotifyAccess=main
            print("a stranger says", said, flush=True)
        elif said in (b"READY=1", b"WATCHDOG=1"):
            print("ready" if said == b"READY=1" else "alive", flush=True)
        due = time.monotonic() + (60 if said == b"STOPPING=1" else watchdog_s)
    print("ended", child.returncode, flush=True)
    going = going and child.returncode != 0
"""


def prepared(lab: Lab, folder: Path, way: str) -> tuple[Host, dict[str, str]]:
    """Return a host with a program that dies in some way, and the environment of its daemon."""
    package = folder / "package"
    (package / "netstrata_fatal").mkdir(parents=True)
    (package / "netstrata_fatal" / "__init__.py").write_text("")
    (package / "netstrata_fatal" / "now.py").write_text(STATEMENT)
    (package / "fatal-1.dist-info").mkdir()
    (package / "fatal-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: fatal\nVersion: 1\n")
    (package / "fatal-1.dist-info" / "entry_points.txt").write_text("[netstrata.statements]\nfatal = netstrata_fatal\n")
    (folder / "router.ncd").write_text(PROGRAM + MORE.format(way=way))
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    return host, {"PYTHONPATH": f"{SOURCES}:{package}", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}


def words(folder: Path) -> list[str]:
    return [sys.executable, "-m", "netstrata", "run", str(folder / "router.ncd")]


def daemon_of(host: Host, folder: Path, environment: dict[str, str]) -> Child:
    """Start the daemon, and wait until all is up."""
    daemon = host.start(words(folder), environment)
    wait_until("all of it", lambda: all_up(daemon, 1))
    return daemon


def all_up(child: Child, times: int) -> bool:
    """Say whether all has come up so often."""
    output = child.output()
    return min(output.count("complete\n"), output.count("child\n"), output.count("fatal.now")) >= times


def watched(manager: Child) -> list[str]:
    """Return what a supervisor said of itself."""
    found = re.findall(
        r"^(started|ready|no sign of life|ended -?\d+|a stranger.*)( \d+)?$", manager.output(), re.MULTILINE
    )
    return [line for line, _ in found]


@pytest.mark.parametrize("way", DYING)
def test_whatever_it_dies_of_the_next_one_takes_all_over_as_it_stands(lab: Lab, tmp_path: Path, way: str) -> None:
    host, environment = prepared(lab, tmp_path, way)
    daemon = daemon_of(host, tmp_path, environment)
    before, child = host.kernel(), pids(host, "/bin/sleep 1000")
    news = changes(host)

    host.write("/run/now", "")
    status = daemon.status()
    left = host.kernel()
    following = daemon_of(host, tmp_path, environment)

    assert left == before
    assert status == DYING[way]
    assert host.kernel() == before
    assert of_ours(news) == []
    assert (len(child), pids(host, "/bin/sleep 1000")) == (1, child)
    if way != "is killed":
        assert ("SystemExit: 3" if "loop" in way else "now.py") in daemon.output()  # where it was
    assert following.end() == 0
    assert "br0" not in host.kernel()


def limited(pid: int, megabytes: int) -> None:
    """Have a process be killed by the kernel when it takes more memory; called on a host, whose mounts are its own."""
    for kind, options, name in (("cgroup", "memory", "memory.limit_in_bytes"), ("cgroup2", "", "memory.max")):
        os.system(f"mount -t {kind} {'-o ' * bool(options)}{options} none /sys/fs/cgroup")
        group = f"{GROUP}{pid}"
        os.mkdir(group)
        if os.path.exists(f"{group}/{name}"):
            Path(f"{group}/{name}").write_text(str(megabytes << 20))
            Path(f"{group}/cgroup.procs").write_text(str(pid))
            return
        os.rmdir(group)
    raise AssertionError("no control group of memory")


def test_a_daemon_that_the_kernel_kills_for_its_memory_is_followed_as_any_other(lab: Lab, tmp_path: Path) -> None:
    host, environment = prepared(lab, tmp_path, "takes all memory")
    daemon = daemon_of(host, tmp_path, environment)
    before, child = host.kernel(), pids(host, "/bin/sleep 1000")
    news = changes(host)
    host.call(lambda: limited(daemon.pid, 64))

    host.write("/run/now", "")
    status = daemon.status()
    killed = host.run("sh", "-c", f"cat {GROUP}*/memory.oom_control {GROUP}*/memory.events 2>&1 || true")
    host.run("sh", "-c", f"rmdir {GROUP}*")
    following = daemon_of(host, tmp_path, environment)

    assert (status, "oom_kill 1" in killed) == (-signal.SIGKILL, True)
    assert host.kernel() == before
    assert of_ours(news) == []
    assert (len(child), pids(host, "/bin/sleep 1000")) == (1, child)
    assert following.end() == 0


def test_a_daemon_that_has_no_memory_for_one_thing_goes_on_with_all_others(lab: Lab, tmp_path: Path) -> None:
    host, environment = prepared(lab, tmp_path, "has no memory for one thing")
    daemon = daemon_of(host, tmp_path, environment)
    before = host.kernel()

    host.write("/run/now", "")
    daemon.wait_output("there is no memory left")

    assert host.kernel() == before
    assert daemon.end() == 0
    assert "br0" not in host.kernel()


def test_a_daemon_that_hangs_is_ended_by_its_watchdog_and_followed(lab: Lab, tmp_path: Path) -> None:
    host, environment = prepared(lab, tmp_path, "hangs")
    manager = host.start([sys.executable, "-c", SUPERVISOR, *words(tmp_path)], environment)
    wait_until("all of it", lambda: all_up(manager, 1))
    before, child = host.kernel(), pids(host, "/bin/sleep 1000")
    news = changes(host)

    host.write("/run/now", "")
    wait_until("all of it again", lambda: all_up(manager, 2))

    assert watched(manager) == [
        "started", "ready", "no sign of life", f"ended {-signal.SIGABRT}", "started", "ready",
    ]  # fmt: skip
    assert "in loop" in manager.output()  # where it hung
    assert host.kernel() == before
    assert of_ours(news) == []
    assert (len(child), pids(host, "/bin/sleep 1000")) == (1, child)
    manager.signal(signal.SIGTERM)
    assert manager.status() == 0
    assert manager.output().endswith("ended 0\n")
    assert "br0" not in host.kernel()


def test_a_daemon_that_is_upgraded_lives_on_for_its_watchdog(lab: Lab, tmp_path: Path) -> None:
    host, environment = prepared(lab, tmp_path, "hangs")
    manager = host.start([sys.executable, "-c", SUPERVISOR, *words(tmp_path)], environment)
    wait_until("all of it", lambda: all_up(manager, 1))

    upgrading = host.start([sys.executable, "-m", "netstrata", "upgrade"], environment)
    status = upgrading.status()
    since = manager.output().count("alive\n")
    wait_until("twice the time of the watchdog", lambda: manager.output().count("alive\n") > since + 4)
    still = watched(manager)
    host.write("/run/now", "")
    wait_until("all of it again", lambda: all_up(manager, 3))

    assert status == 0
    assert still == ["started", "ready", "ready"]
    assert "no sign of life" in watched(manager)
    manager.signal(signal.SIGTERM)
    assert manager.status() == 0
