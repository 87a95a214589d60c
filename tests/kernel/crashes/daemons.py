"""Daemons on a host, each a fork of this process, which has loaded all that they need: a start takes no time."""

import os
import pkgutil
import signal
import sys
import time
from importlib import import_module
from pathlib import Path

from netstrata.testing.child import PAUSE_S, wait_until
from netstrata.testing.host import Host
from netstrata.values import Unavailable


def load_all() -> None:
    """Load what a daemon may need."""
    from netstrata.daemon.running.registry import make_registry

    for room in (
        "netstrata.statements",
        "netstrata.engine",
        "netstrata.system",
        "netstrata.daemon",
        "netstrata.control",
    ):
        for module in pkgutil.walk_packages(import_module(room).__path__, f"{room}."):
            import_module(module.name)
    for name in ("asyncio", "subprocess", "resource", "netstrata.cli.run", "netstrata.testing.impair"):
        import_module(name)
    make_registry()


class Daemon:
    """One that runs a program on a host."""

    def __init__(self, host: Host, program: Path, impair: str) -> None:
        """Start it, in the lab's process namespace."""
        self._output = os.memfd_create("daemon")
        self.status: int | None = None
        self.pid = host.fork(lambda: self._run(program, impair))

    def _run(self, program: Path, impair: str) -> None:
        """Be the daemon: what `netstrata run` is, without the time that loading takes."""
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number, source in enumerate((nothing, self._output, self._output)):
            os.dup2(source, number)
        os.closerange(3, 1 << 10)
        os.environ["NETSTRATA_IMPAIR"] = impair
        sys.argv = ["netstrata", "run", str(program), "--quiet", "--control", "none", "--retry-time", "200"]
        from netstrata.cli import main

        main()

    def output(self) -> str:
        """Return what it has printed and logged."""
        return os.pread(self._output, os.fstat(self._output).st_size, 0).decode(errors="replace")

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    def wait_output(self, text: str, timeout_s: float) -> bool:
        """Wait until it has printed something; False if it ends before.

        Raises: Unavailable if it does neither.
        """
        wait_until(f"{text!r}", lambda: text in self.output() or not self.running, timeout_s)
        return text in self.output()

    def end(self, number: int, timeout_s: float = 30) -> int:
        """Send a signal, and return the status with which it ends; it is killed if it does not.

        Raises: Unavailable if it had to be.
        """
        if self.running:
            os.kill(self.pid, number)
        until = time.monotonic() + timeout_s
        while self.running:
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.status = -signal.SIGKILL
                raise Unavailable("end the daemon", f"not within {timeout_s:g} s")
            time.sleep(PAUSE_S)
        assert self.status is not None
        return self.status

    def close(self) -> None:
        """Let go of its output."""
        os.close(self._output)
