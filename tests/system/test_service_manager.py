"""What a service manager hears of the daemon, by real sockets."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstrata.system.service_manager import ServiceManager, take_service_manager

PROGRAM = """process main { println("at work"); rprintln("undone"); }"""


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A socket that hears, of both kinds, and its address as the environment has it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.settimeout(60)
    if request.param == "path":
        address = str(tmp_path / "notify")
        listener.bind(address)
    else:
        address = f"@netstrata-test-{os.getpid()}"
        listener.bind("\0" + address[1:])
    yield address, listener
    listener.close()


def heard(listener: socket.socket) -> str:
    """Return the next message."""
    return listener.recv(4096).decode()


def started(address: str, folder: Path, *options: str, program: str = PROGRAM) -> "subprocess.Popen[str]":
    """Start the daemon as a service of a manager that wants a sign of life each fifth of a second."""
    path = folder / "program.ncd"
    path.write_text(program)
    words = [sys.executable, "-m", "netstrata", "run", "--control", "none", *options, str(path)]
    environment = {**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000"}
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def hang(seconds: float) -> None:
    """Let the loop not turn."""
    time.sleep(seconds)


def test_a_manager_hears_of_begin_life_and_end(manager: tuple[str, socket.socket], tmp_path: Path) -> None:
    address, listener = manager
    daemon = started(address, tmp_path)

    said = [heard(listener) for _ in range(4)]
    daemon.send_signal(signal.SIGTERM)

    assert said == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]
    while (last := heard(listener)) == "WATCHDOG=1":
        pass
    assert last == "STOPPING=1"
    assert daemon.communicate()[0] == "at work\nundone\n"


def test_a_program_that_ends_at_once_has_begun_all_the_same(manager: tuple[str, socket.socket], tmp_path: Path) -> None:
    """Without READY=1, a unit of the type notify would count as failed."""
    address, listener = manager

    daemon = started(address, tmp_path, program='process main { println("done"); exit("0"); }')

    assert daemon.communicate()[0] == "done\n"
    assert heard(listener) == "READY=1"


def test_children_of_the_daemon_do_not_know_its_manager(manager: tuple[str, socket.socket], tmp_path: Path) -> None:
    count = '{"/bin/sh", "-c", "env | grep -c -e NOTIFY -e WATCHDOG"}, ["keep_stdout": "true"]'

    daemon = started(manager[0], tmp_path, program=f'process main {{ runonce({count}); exit("0"); }}')

    assert daemon.communicate()[0] == "0\n"


def test_a_loop_that_hangs_gives_no_sign_of_life(manager: tuple[str, socket.socket]) -> None:
    address, listener = manager

    async def story() -> None:
        async with ServiceManager(address, watchdog_s=0.02).watching():
            await asyncio.sleep(0)
            listener.setblocking(False)
            hang(0.1)
            assert [heard(listener), heard(listener)] == ["READY=1", "WATCHDOG=1"]
            with pytest.raises(BlockingIOError):
                heard(listener)
            listener.settimeout(60)
            await asyncio.sleep(0.001)
            assert heard(listener) == "WATCHDOG=1"

    asyncio.run(story())


def test_a_manager_that_does_not_read_or_is_gone_holds_nobody_up(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    manager = ServiceManager(str(tmp_path / "notify"))

    for _ in range(3000):  # net.unix.max_dgram_qlen is 10 to 512
        manager.say("WATCHDOG=1")
    listener.close()
    manager.say("WATCHDOG=1")


def test_the_watchdog_of_another_process_is_not_ours() -> None:
    environment = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1", "PATH": "/bin"}

    manager = take_service_manager(environment)

    assert manager.listens
    assert environment == {"PATH": "/bin"}
    assert vars(manager)["_watchdog_s"] == 0
