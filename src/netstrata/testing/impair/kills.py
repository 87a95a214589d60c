"""SIGKILL at the n-th thing that the daemon does outside, and a list of all of them.

What is outside changes at these points alone: a record in the undo journal, a change that rtnetlink is asked for, a
change of a file, the start of a child.  So to be killed before and after each of them is to be killed everywhere.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, Literal, Protocol

from netstrata.protocols.rtnetlink.wire import HEADER
from netstrata.system.held.recovery import Journal, LeftEntry
from netstrata.system.netlink.kernel_socket import NetlinkSocket
from netstrata.testing.impair.impairment import impairment
from netstrata.testing.impair.seams import Seams

Sort = Literal["record", "write", "file", "child"]
Side = Literal["before", "after"]
_HERE: Final = os.path.dirname(__file__)
_CHILDREN: Final = {"subprocess.Popen", "os.posix_spawn"}
_FORKS: Final = {"fork_exec", "posix_spawn"}
_FILES: Final = {
    "os.rename", "os.remove", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.chown",
}  # fmt: skip
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_GET: Final = 2  # of the four requests of a kind - new, del, get, set - in the lowest bits of their types


class OnPoint(Protocol):
    """Is told of each point: of which sort it is, on which side of it we are, and what it is, for people."""

    def __call__(self, sort: Sort, side: Side, what: str) -> None: ...


@impairment
def kill(seams: Seams, *, at: Sort, n: int, when: Side = "before") -> None:
    """End the daemon by SIGKILL before or after the n-th record, write, file or child."""
    left = n

    def on_point(sort: Sort, side: Side, what: str) -> None:
        nonlocal left
        if sort == at and side == when:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    _put(seams, on_point)


@impairment
def points(seams: Seams, *, to: str) -> None:
    """Append a line to a file for each point at which a daemon can be killed."""
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def on_point(sort: Sort, side: Side, what: str) -> None:
        if side == "before":
            os.write(descriptor, f"{sort} {what}\n".encode())

    _put(seams, on_point)


def _put(seams: Seams, on_point: OnPoint) -> None:
    """Have points told, wherever they are."""
    seams.journals.append(lambda journal: _ToldJournal(journal, on_point))
    seams.sockets.append(lambda opens: lambda kind, protocol: _ToldSocket(opens(kind, protocol), on_point))
    seams.on_act(lambda event, arguments: _tell_act(event, arguments, on_point))


def _tell_act(event: str, arguments: tuple[Any, ...], on_point: OnPoint) -> None:
    """Tell of a change of a file, or of a child, before and after."""
    if event in _CHILDREN:
        sort: Sort = "child"
    elif event in _FILES or (event == "open" and arguments[2] & _WRITING and arguments[0] != os.devnull):
        sort = "file"
    else:
        return
    what = f"{event} {arguments[0]!r}"
    on_point(sort, "before", what)
    forked = sort != "child"

    def on_event(frame: FrameType, happened: str, argument: Any) -> None:
        """Tell when the act is done: when the first thing happens after it, of which this hook is no part."""
        if frame.f_code.co_filename.startswith(_HERE):
            return
        if forked or (happened == "c_return" and argument.__name__ in _FORKS):
            sys.setprofile(None)
            on_point(sort, "after", what)

    sys.setprofile(on_event)


class _ToldSocket:
    """A socket of rtnetlink that tells of changes that are asked for."""

    def __init__(self, real: NetlinkSocket, on_point: OnPoint) -> None:
        self._on_point = on_point
        self._send = real.send
        self.recv, self.recv_into, self.ioctl = real.recv, real.recv_into, real.ioctl
        self.setsockopt, self.getsockname, self.bind = real.setsockopt, real.getsockname, real.bind
        self.fileno, self.close = real.fileno, real.close

    def send(self, data: bytes, flags: int = 0, /) -> int:
        """Send requests."""
        kind = HEADER.unpack_from(data)[1]
        if kind & 3 == _GET:
            return self._send(data, flags)
        what = f"rtnetlink {kind}"
        self._on_point("write", "before", what)
        sent = self._send(data, flags)
        self._on_point("write", "after", what)
        return sent


class _ToldJournal:
    """An undo journal that tells of each record."""

    def __init__(self, real: Journal, on_point: OnPoint) -> None:
        self._real = real
        self._on_point = on_point
        self.close = real.close

    @property
    def left(self) -> Sequence[LeftEntry]:
        """What the daemon before has left."""
        return self._real.left

    @property
    def problem(self) -> str:
        """Why it cannot be written."""
        return self._real.problem

    def intend(self, kind: str, key: bytes, undo: bytes, holder: str) -> int:
        """Write what is about to be done."""
        with self._told(f"intended {kind} {holder}"):
            return self._real.intend(kind, key, undo, holder)

    def done(self, number: int, undo: bytes | None = None) -> None:
        """Write that it stands."""
        with self._told(f"done {number}"):
            self._real.done(number, undo)

    def undone(self, number: int) -> None:
        """Write that nothing of it is left."""
        with self._told(f"undone {number}"):
            self._real.undone(number)

    def adopt(self, entry: LeftEntry, holder: str) -> int:
        """Write who holds it now."""
        with self._told(f"adopted {entry.kind} {holder}"):
            return self._real.adopt(entry, holder)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        self._on_point("record", "before", what)
        yield
        self._on_point("record", "after", what)
