"""Daemons without the time that a start takes: each is forked from a process that has everything loaded.

What runs is `netstrata` itself, on a host of a lab: a process of its own, with its own network, files, process
namespace, environment and standard streams.
"""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, NoReturn, cast

import netstrata
from netstrata.testing import namespaces as ns
from netstrata.testing.child import Child, output_file
from netstrata.testing.host import Host

_LARGEST = 1 << 16
_ROOMS = ("system", "daemon.running", "daemon.app", "daemon.control", "engine", "statements", "protocols", "ports")


class _Forked:
    """What a `Child` asks of the process that it is: as `subprocess.Popen`."""

    def __init__(self, pid: int, ending: int) -> None:
        """Take over a process, and the pipe that says how it ended."""
        self.pid = pid
        self._ending = ending
        self._status: int | None = None
        self._pidfd = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return the exit status if it has ended."""
        if self._status is None and self._ending >= 0:
            os.set_blocking(self._ending, False)
            try:
                self._take(os.read(self._ending, 100))
            except BlockingIOError:
                return None
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        end = time.monotonic() + (timeout if timeout is not None else 60)
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("netstrata", timeout or 0)
            time.sleep(0.002)
        assert self._status is not None
        return self._status

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._pidfd, number)

    def _take(self, said: bytes) -> None:
        self._status = int(said) if said else -signal.SIGKILL  # nobody was left to say it
        os.close(self._ending)
        os.close(self._pidfd)
        self._ending = -1


class ForkServer:
    """The process that all are forked from."""

    def __init__(self) -> None:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = [sys.executable, __file__, str(its.fileno())]
        environment = {**os.environ, "PYTHONPATH": str(Path(netstrata.__file__).parents[1])}
        self._process = subprocess.Popen(words, pass_fds=(its.fileno(),), env=environment)
        its.close()
        self._socket = ours

    def start(self, host: Host, words: Sequence[str], environment: dict[str, str]) -> Child:
        """Start `netstrata` with these words on a host, which the lab ends if nobody else does."""
        machine = host._machine
        output = output_file("netstrata")
        ending, its_ending = os.pipe()
        try:
            request = json.dumps([list(words), environment]).encode()
            descriptors = [host.net, host.mounts, machine.processes, output, its_ending]
            socket.send_fds(self._socket, [request], descriptors)
            pid = int(self._socket.recv(_LARGEST))
        finally:
            os.close(its_ending)
        child = Child("netstrata", cast("subprocess.Popen[bytes]", _Forked(pid, ending)), output)
        machine.children.append(child)
        return child

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._process.wait()


def _serve(requests: socket.socket) -> None:
    """Fork what is asked for until nobody asks any more."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, _LARGEST, 8)
        if not request:
            return
        if os.fork() == 0:
            requests.setblocking(True)
            _become_parent(requests, request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _load() -> None:
    for room in _ROOMS:
        module: Any = import_module(f"netstrata.{room}")
        for found in walk_packages(getattr(module, "__path__", ()), f"netstrata.{room}."):
            import_module(found.name)
    for name in ("netstrata.cli.run", "netstrata.cli.recover", "netstrata.cli.dispatch", "netstrata.testing.impair"):
        import_module(name)
    from netstrata.testing.impair.reading import known_kinds

    known_kinds()
    gc.collect()
    gc.freeze()


def _become_parent(requests: socket.socket, request: bytes, descriptors: list[int]) -> NoReturn:
    """Start the daemon in the lab, say its process id, and at its end its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    net, mounts, processes, output, ending = descriptors
    here = os.getcwd()
    ns.setns(net, ns.NEWNET)
    ns.setns(mounts, ns.NEWNS)
    ns.setns(processes, ns.NEWPID)
    os.chdir(here)
    pid = os.fork()
    if pid == 0:
        _become(request, output)
    requests.send(str(pid).encode())
    requests.close()
    status = os.waitpid(pid, 0)[1]
    os.write(ending, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(request: bytes, output: int) -> NoReturn:
    words, environment = json.loads(request)
    os.setsid()
    nothing = os.open("/dev/null", os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, number)
    os.closerange(3, 256)
    os.environ.clear()
    os.environ.update(environment)
    from netstrata.cli.dispatch import run_command

    code = 70
    try:
        code = run_command(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
