"""A descriptor that is written to without ever waiting for whoever reads it.

What the reader has not taken is kept, up to a bound; what comes beyond it is left out, counted, and told at its place
once there is room again.  The descriptor may be shared with a shell or a terminal, so it is never made non-blocking
itself: a pipe or terminal is opened once more, for a description of our own, a socket is asked with each message, and
what cannot be opened again (it is another user's) is written by a thread, from a pipe of our own.
A regular file takes all at once, and nothing is ever kept for it.
Source: open(2), O_NONBLOCK; proc_pid_fd(5); pipe(7); send(2), MSG_DONTWAIT.
"""

import os
import select
import stat
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

MOST: Final = 4 << 20  # bytes that are kept for a reader
LAST_READ_S: Final = 1.0  # for a reader to take what is kept for it, once a signal has asked for the end
_ADDED: Final = 100  # bytes that Python adds to each piece that is kept


class BoundedWriter:
    """One descriptor, and what its reader has not taken yet.

    What cannot be written at all (the reader is gone, the disk is full) is lost, and `lost` says why the first time.
    """

    __slots__ = (
        "_descriptor", "_kept", "_left_out", "_lines", "_loop", "_most", "_on_room", "_own", "_size", "_torn", "_write",
        "lost",
    )  # fmt: skip

    def __init__(self, descriptor: int, most: int = MOST) -> None:
        """Write to a descriptor; its reader may be so many bytes behind."""
        self._descriptor = descriptor
        self._most = most
        self._own, self._write = _own(descriptor)
        self._kept: deque[bytes | memoryview] = deque()
        self._size = 0
        self._left_out = 0  # bytes since the last that were kept
        self._lines = 0  # ends of lines among them
        self._torn = False  # whether the last that was kept is no whole line
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_room: Callable[[], None] | None = None
        self.lost: OSError | None = None

    @property
    def by_line(self) -> bool:
        """Whether people see each line as it is written."""
        return os.isatty(self._descriptor)

    @property
    def behind(self) -> bool:
        """Whether so much is kept that whoever can should write no more until there is room."""
        return self._size > self._most // 4

    def is_also(self, descriptor: int) -> bool:
        """Say whether another descriptor has the same reader."""
        if self._own == self._descriptor:
            return False
        return os.path.samestat(os.fstat(self._descriptor), os.fstat(descriptor))

    def write(self, data: bytes) -> None:
        """Write, or keep, or leave out."""
        if self._kept:
            self.drain()
        if not self._kept:
            left = self._push(data)
            if left:
                self._keep(left)
        elif self._left_out or self._size >= self._most:
            if not self._left_out:
                self._torn = self._kept[-1][-1:] != b"\n"
            self._left_out += len(data)
            self._lines += data.count(b"\n")
        else:
            self._keep(data)

    def drain(self) -> None:
        """Write what the reader takes now of what is kept."""
        behind = self.behind
        kept = self._kept
        while kept:
            before = kept[0]
            left = self._push(before)
            self._size -= len(before) - len(left)
            if left:
                kept[0] = left
                break
            self._size -= _ADDED
            kept.popleft()
            if self._size <= self._most // 2:
                self._tell_left_out()
        if self._loop is not None and not kept:
            self._loop.remove_writer(self._own)
        if behind and not self.behind and self._on_room is not None:
            self._on_room()

    def attach(self, loop: "asyncio.AbstractEventLoop", on_room: Callable[[], None]) -> None:
        """Have a loop write what is kept as the reader reads, and be told when it is behind no more."""
        self._loop, self._on_room = loop, on_room
        if self._kept:
            loop.add_writer(self._own, self.drain)

    def detach(self) -> None:
        """Do without the loop from now on."""
        if self._loop is not None and self._kept:
            self._loop.remove_writer(self._own)
        self._loop = self._on_room = None

    def finish(self, longest_s: float | None) -> None:
        """Wait for the reader to take what is kept, for so long, or for as long as it takes; write no more then."""
        self._tell_left_out()
        until = None if longest_s is None else time.monotonic() + longest_s
        if self._kept:
            room = select.poll()
            room.register(self._own, select.POLLOUT)
            while self._kept and room.poll(None if until is None else max(0.0, until - time.monotonic()) * 1000):
                self.drain()
        if isinstance(self._write, _Pump):
            self._write.finish(-1 if until is None else max(0.0, until - time.monotonic()))

    def close(self) -> None:
        """Close what is our own; the descriptor itself stays open."""
        if self._own != self._descriptor:
            os.close(self._own)

    def _push(self, data: bytes | memoryview) -> bytes | memoryview:
        """Write what the reader takes now, and return the rest."""
        try:
            written = self._write(data)
            if written == len(data):
                return b""
            data = memoryview(data)[written:]
            while data:
                data = data[self._write(data) :]
        except BlockingIOError:
            return data
        except OSError as error:
            self.lost = self.lost or error
        return b""

    def _keep(self, data: bytes | memoryview) -> None:
        if self._loop is not None and not self._kept:
            self._loop.add_writer(self._own, self.drain)
        self._kept.append(data)
        self._size += len(data) + _ADDED

    def _tell_left_out(self) -> None:
        if self._left_out:
            what = "line" if self._lines == 1 else "lines"
            note = f"({self._lines:,} {what} left out, {self._left_out:,} bytes: nobody read them in time)\n"
            self._left_out = self._lines = 0
            self._keep((b"\n" if self._torn else b"") + note.encode())


class _Pump:
    """A thread that writes to a descriptor what comes through a pipe of our own, which is what does not wait."""

    def __init__(self, descriptor: int) -> None:
        import _thread

        source, self.own = os.pipe()
        os.set_blocking(self.own, False)
        self._running = _thread.allocate_lock()
        self._running.acquire()
        _thread.start_new_thread(self._run, (source, descriptor))

    def __call__(self, data: bytes | memoryview) -> int:
        """Write to the pipe what it takes."""
        return os.write(self.own, data)

    def _run(self, source: int, descriptor: int) -> None:
        try:
            while data := os.read(source, 1 << 16):
                left = memoryview(data)
                while left:
                    left = left[_write_waiting(descriptor, left) :]
        except OSError:
            os.close(source)  # what is written from now on fails
        finally:
            self._running.release()

    def finish(self, longest_s: float) -> None:
        """Wait for the thread to have written all, for so long, or for as long as it takes (-1)."""
        os.close(self.own)
        self._running.acquire(timeout=longest_s)


def _write_waiting(descriptor: int, data: memoryview) -> int:
    try:
        return os.write(descriptor, data)
    except BlockingIOError:  # somebody who shares it made it non-blocking
        room = select.poll()
        room.register(descriptor, select.POLLOUT)
        room.poll()
        return 0


def _own(descriptor: int) -> "tuple[int, Callable[[bytes | memoryview], int]]":
    """Return a descriptor that can be waited for, and what writes to it without waiting."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(mode):
        import socket

        ours = socket.socket(fileno=os.dup(descriptor))
        return ours.fileno(), lambda data: ours.send(data, socket.MSG_DONTWAIT)
    if stat.S_ISFIFO(mode) or os.isatty(descriptor):
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            own = os.open(f"/proc/self/fd/{descriptor}", flags)
        except OSError:
            pump = _Pump(descriptor)
            return pump.own, pump
        return own, partial(os.write, own)
    return descriptor, partial(os.write, descriptor)


def standard_writers() -> tuple[BoundedWriter, BoundedWriter]:
    """Return what writes to standard output and to standard error: the same, if they have the same reader."""
    output = BoundedWriter(1)
    return output, output if output.is_also(2) else BoundedWriter(2)
