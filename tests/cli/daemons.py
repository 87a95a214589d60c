"""A daemon beside a test, for commands that ask it, and a terminal to run them in."""

import os
import pty
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from types import MappingProxyType

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon


def start_daemon(folder: Path, text: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Run a program with its control socket at `folder/control`, and return when that answers."""
    folder.chmod(0o755)
    program = folder / "program.ncd"
    program.write_text(text)
    control = str(folder / "control")
    words = [
        sys.executable,
        "-m",
        "netstrata",
        "run",
        "--quiet",
        "--control",
        control,
        "--state",
        str(folder),
        str(program),
    ]
    child = subprocess.Popen([*words, "--", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while True:
        try:
            Connection(control)
            return child
        except NoDaemon:
            assert child.poll() is None
            assert time.monotonic() < end
            select.select([], [], [], 0.01)


@contextmanager
def daemon(folder: Path, text: str, *arguments: str) -> Iterator[str]:
    """Run a program, and yield the path of its control socket."""
    child = start_daemon(folder, text, *arguments)
    try:
        yield str(folder / "control")
    finally:
        child.terminate()
        child.wait(60)


class Terminal:
    """A command in a terminal of its own."""

    def __init__(
        self,
        words: list[str],
        columns: int,
        rows: int = 24,
        program: Sequence[str] = (sys.executable, "-m", "netstrata"),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.fd, end = pty.openpty()
        self.resize(columns, rows)
        kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.child = subprocess.Popen(
            [*program, *words],
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
            env={**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment},
        )
        os.close(end)
        self.seen = b""  # what was shown since the last time
        self.all = b""

    def resize(self, columns: int, rows: int) -> None:
        """Change the size."""
        ioctl(self.fd, TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.fd, keys.encode())

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Wait until a text was shown since the last time."""
        end = time.monotonic() + seconds
        while text.encode() not in self.seen:
            assert self._read(end - time.monotonic()), f"no {text!r} in {self.seen[-500:]!r}"
        self.seen = self.seen.partition(text.encode())[2]

    def _read(self, seconds: float) -> bool:
        if seconds <= 0 or not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:  # the other end is closed
            return False
        self.seen += data
        self.all += data
        return bool(data)

    def finish(self, seconds: float = 60) -> tuple[int, str]:
        """Wait for the end; return the exit code and what was shown since the last time."""
        end = time.monotonic() + seconds
        while self._read(end - time.monotonic()):
            pass
        code = self.child.wait(max(1.0, end - time.monotonic()))
        os.close(self.fd)
        return code, self.seen.decode("utf-8", "replace").replace("\r\n", "\n")
