"""A daemon of a program, for a test."""

import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon

START_S = 60.0


class Started:
    """`netstrata run` in a process of its own, which answers when the block begins and has ended after it."""

    def __init__(self, folder: Path, text: str, *options: str) -> None:
        program = folder / "program.ncd"
        program.write_text(text)
        self.path = str(folder / "control")
        self.log = folder / "log"
        where = ["--control", self.path, "--state", str(folder / "state")]
        words = [sys.executable, "-m", "netstrata", "run", *where, *options, str(program)]
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(words, stdout=log, stderr=log)

    def __enter__(self) -> "Started":
        end = time.monotonic() + 60
        while True:
            try:
                # It can be reached before its program has begun, and obeys signals only then.
                Connection(self.path, START_S).call("Figures")
                return self
            except NoDaemon:
                assert self.child.poll() is None, self.log.read_text()
                assert time.monotonic() < end, "no daemon answers"
                select.select([], [], [], 0.01)

    def connect(self) -> Connection:
        """Return a new connection."""
        return Connection(self.path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.child.terminate()
        self.child.wait(timeout=60)
