"""A console and a daemon, as a user starts them, and plain HTTP to talk to the console."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import netstrata
from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon

SOURCES = str(Path(netstrata.__file__).parents[1])
PROGRAM = """process user { depend("LAN") lan; println("up"); }
process lan { var("eth0") link; blocker() open; open->use(); provide("LAN"); }
process ready { var({"a"}) list; rprintln("undone"); println("ready"); }
"""


def wait_until(what: str, holds: Callable[[], Any], timeout_s: float = 60) -> None:
    """Return as soon as something holds."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.01)


class Started:
    """A command of ours that runs; what it says goes to a file."""

    def __init__(self, folder: Path, *words: str, user: int | None = None) -> None:
        handle, name = tempfile.mkstemp(dir=folder)
        self._said = Path(name)
        with os.fdopen(handle, "wb") as file:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "netstrata", *words],
                stdout=file,
                stderr=file,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": SOURCES},
                user=user,
            )

    def said(self) -> str:
        """Return what it has said so far."""
        return self._said.read_text()

    def wait_said(self, text: str) -> None:
        """Wait until it has said something."""
        wait_until(f"{text!r} in {self.said()!r}", lambda: text in self.said())

    def end(self) -> int:
        """End it, and return its exit code."""
        self.child.terminate()
        return self.child.wait(60)


def start_daemon(folder: Path, text: str = PROGRAM) -> Started:
    """Start a daemon at `folder/control`, and return it when it answers."""
    folder.chmod(0o755)
    (folder / "program.ncd").write_text(text)
    path = folder / "control"
    daemon = Started(
        folder, "run", "--quiet", "--control", str(path), "--state", str(folder), str(folder / "program.ncd")
    )

    def answers() -> bool:
        assert daemon.child.poll() is None, daemon.said()
        try:
            Connection(str(path)).close()
        except NoDaemon:  # the path is there before anybody listens
            return False
        return True

    wait_until("an answer of the daemon", answers)
    return daemon


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, as what JSON says."""
        return json.loads(self.body)


class Console:
    """A console that runs, and answers."""

    def __init__(self, folder: Path, *words: str) -> None:
        steers = [] if "--read-only" in words or "--user" in words else ["--user", "root"]
        self.started = Started(folder, "console", "--port", "0", "--control", str(folder / "control"), *steers, *words)
        self.started.wait_said("open http")
        found = re.search(r"open http://127\.0\.0\.1:(\d+)/\?token=(\S+)", self.started.said())
        assert found is not None
        self.port, self.token = int(found[1]), found[2]

    @property
    def url(self) -> str:
        """The address, with the token."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Ask as one who has the token, with more or other headers (`Host=`, `Authorization=""`)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"Authorization": f"Bearer {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        given = {name: value for name, value in given.items() if value}
        connection.request("GET" if body is None else "POST", path, body, given)
        answer = connection.getresponse()
        found = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        connection.close()
        return found

    def connect(self) -> socket.socket:
        """Return a connection to write bytes to."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def end(self) -> int:
        """End it, and return its exit code."""
        return self.started.end()
