"""An attacker: so many connections to the control socket, each with every verb that reads, over and over.

python readers_attacker.py CONTROL CONNECTIONS; half of them never read an answer.  Ends when it is ended.
"""

import selectors
import socket
import sys
import time

from calls import READING, call

PIPELINED = b"".join(call(verb, parameters, more=verb == "Watch") for verb, parameters in READING) * 16


class Reader:
    """One connection, made anew when the daemon has let it go."""

    def __init__(self, path: str, reads: bool) -> None:
        self.path = path
        self.reads = reads
        self.socket: socket.socket | None = None
        self.unsent = memoryview(b"")

    def connect(self) -> bool:
        """Connect, if the daemon has room."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self.socket.connect(self.path)
        except OSError:
            self.close()
            return False
        return True

    def go_on(self) -> bool:
        """Send and read what goes; return whether the connection is still there."""
        assert self.socket is not None
        try:
            self.unsent = self.unsent or memoryview(PIPELINED)
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            return False
        try:
            return not self.reads or bool(self.socket.recv(1 << 16))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Let go."""
        if self.socket is not None:
            self.socket.close()
        self.socket = None
        self.unsent = memoryview(b"")


def main() -> None:
    """Attack."""
    readers = [Reader(sys.argv[1], bool(n % 2)) for n in range(int(sys.argv[2]))]
    ready = selectors.DefaultSelector()
    print("begun", flush=True)
    while True:
        for reader in readers:
            if reader.socket is None and reader.connect():
                ready.register(reader.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, reader)
        events = ready.select(0.05) if ready.get_map() else []
        if not events:
            time.sleep(0.01)
        for key, _ in events:
            if not key.data.go_on():
                ready.unregister(key.fileobj)
                key.data.close()


main()
