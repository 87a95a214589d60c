"""A client of a running daemon: one call, one answer, or a stream of them."""

import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

from netstrata.control import varlink
from netstrata.control.errors import NoAnswer, NoDaemon, Refusal
from netstrata.control.interface import LONG, NAME

WAIT_S = 10.0


class TookTooLong(Exception):
    """Nothing came in the time that was given."""


def control_path() -> str:
    """Return where the control socket is, unless somebody says otherwise."""
    asked = os.environ.get("NETSTRATA_CONTROL")
    if asked:
        return asked
    if os.geteuid() == 0 or not os.environ.get("XDG_RUNTIME_DIR"):
        return "/run/netstrata/control"
    own = os.path.join(os.environ["XDG_RUNTIME_DIR"], "netstrata", "control")
    return own if os.path.exists(own) or not os.path.exists("/run/netstrata/control") else "/run/netstrata/control"


def _timeval(seconds: float) -> tuple[int, int]:
    """Return whole seconds and microseconds; source: socket(7), SO_SNDTIMEO."""
    return int(seconds), int(seconds % 1 * 1e6)


class Connection:
    """A connection to a daemon."""

    def __init__(self, path: str = "", wait_s: float = WAIT_S) -> None:
        """Connect; an answer must come within a time.

        Raises: NoDaemon.
        """
        self.path = path or control_path()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._wait_s = wait_s
        # While many others connect there is no room for a moment; with a timeout of Python's that would be an error.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", *_timeval(wait_s)))
        self._frames = varlink.Frames(limit=0)
        try:
            self._socket.connect(self.path)
        except OSError as error:
            raise NoDaemon(f"no daemon answers at {self.path}: {error.strerror or error}") from error
        self._socket.settimeout(wait_s)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask once, and return the answer.

        Raises: NoDaemon, Refusal.
        """
        self._socket.settimeout(None if method in LONG else self._wait_s)
        return next(self._answers(varlink.encode_call(f"{NAME}.{method}", parameters)))

    def close(self) -> None:
        """End the connection, also under a thread that waits for an answer: it meets NoDaemon."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def stream(self, method: str, until: float | None = None, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Ask for a stream, and yield answers until the daemon ends.

        Shapes: until is in monotonic seconds.
        Raises: NoDaemon, Refusal; TookTooLong at that time.
        """
        self._socket.settimeout(None)
        return self._answers(varlink.encode_call(f"{NAME}.{method}", parameters, more=True), until)

    def _answers(self, call: bytes, until: float | None = None) -> Iterator[dict[str, Any]]:
        try:
            self._socket.sendall(call)
            while data := self._receive(until):
                self._frames.add(data)
                while (message := self._frames.take()) is not None:
                    if "error" in message:
                        raise Refusal(str(message["error"]).rpartition(".")[2], message.get("parameters") or {})
                    yield message.get("parameters") or {}
        except TimeoutError as error:
            raise NoAnswer(f"the daemon at {self.path} does not answer within {self._wait_s:g} s") from error
        except (OSError, varlink.Malformed) as error:
            raise NoDaemon(f"the daemon at {self.path} cannot be understood: {error}") from error
        raise NoDaemon(f"the daemon at {self.path} has ended")

    def _receive(self, until: float | None) -> bytes:
        if until is not None and not select.select([self._socket], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TookTooLong
        return self._socket.recv(1 << 16)
