"""The system's log, spoken to without waiting for it: syslog(3) waits for one that is stuck.

What it does not take is counted, and told before the next message that it takes.
Source: RFC 3164 section 4.1, as glibc writes it for a local socket; unix(7).
"""

import os
import socket
import time
from errno import EPROTOTYPE
from typing import Final

SOCKET: Final = "/dev/log"
FACILITIES: Final = {
    "user": 1, "mail": 2, "daemon": 3, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8, "cron": 9, "authpriv": 10,
    "ftp": 11, **{f"local{n}": 16 + n for n in range(8)},
}  # fmt: skip
WARNING: Final = 2
_SEVERITIES: Final = (0, 3, 4, 5, 6, 7)  # of our levels


class Syslog:
    """Messages under a name."""

    def __init__(self, name: str, facility: str, path: str = SOCKET) -> None:
        """Take who speaks; nothing has to listen yet."""
        self._name = name
        self._facility = FACILITIES[facility]
        self._path = path
        self._socket: socket.socket | None = None
        self._lost = 0

    def write(self, level: int, line: bytes) -> None:
        """Send a message of one of our levels."""
        if self._lost and self._send(WARNING, b"(%d messages lost: the system's log did not take them)" % self._lost):
            self._lost = 0
        if self._lost or not self._send(level, line):
            self._lost += 1

    def _send(self, level: int, line: bytes) -> bool:
        stamp = time.strftime("%b %e %H:%M:%S")
        head = f"<{self._facility << 3 | _SEVERITIES[level]}>{stamp} {self._name}[{os.getpid()}]: "
        message = os.fsencode(head) + line
        for _ in range(2):  # a log that was started anew has another socket at the same path
            try:
                if self._socket is None:
                    self._socket = self._connect()
                if self._socket.type == socket.SOCK_STREAM:
                    message = message.rstrip(b"\0") + b"\0"
                if self._socket.send(message) == len(message):
                    return True
            except BlockingIOError:
                return False
            except OSError:
                pass
            self._leave()  # also a stream in the middle of a message
        return False

    def _connect(self) -> socket.socket:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            found = socket.socket(socket.AF_UNIX, kind | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
            try:
                found.connect(self._path)
            except OSError as error:
                found.close()
                if error.errno != EPROTOTYPE:
                    raise
            else:
                return found
        raise OSError(EPROTOTYPE, os.strerror(EPROTOTYPE))

    def _leave(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
