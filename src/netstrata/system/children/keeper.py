"""Children that outlive a daemon which is killed: the next one takes them over as they run, or ends them.

The undo journal has each with its process id, the time at which it started, and what makes it equal to another.  What
it says goes into a FIFO of its own, which the child itself holds open for reading as well: so it has neither SIGPIPE
nor EPIPE while nobody reads, and what it says meanwhile is kept, as much as a pipe takes; then it waits in its write.

Source: fifo(7), pipe(7), pidfd_open(2), proc_pid_stat(5).
"""

import os
import stat
from ast import literal_eval
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from netstrata.ports import Command
from netstrata.system.children.child import Child
from netstrata.system.children.lines import LineReader
from netstrata.system.children.orphans import end_all, openers_of, started_at
from netstrata.system.children.stop_timeout import StopTimeout
from netstrata.system.filesystem.places import make_private_directory
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.held.recovery import LeftEntry, Recovery

KIND: Final = "child"
_ROUNDS: Final = 10  # of looking who has a FIFO open: those that are ended may just have started others
NoteFor = Callable[[int], Callable[[str], None]]  # is given the process id; returns where its lines go


class Likeness(NamedTuple):
    """What two children share that are equal for us: digests of the command, and of the files written for it."""

    command: str
    files: str

    @classmethod
    def of(cls, command: Command, files: bytes) -> "Likeness":
        """Return that of a command that is given now; a stream of ours that it keeps is another one for each of us."""
        words, options = command
        kept = [os.fstat(number) for number, keeps in ((1, options.keep_stdout), (2, options.keep_stderr)) if keeps]
        given = (
            words, options.username, options.do_setsid, sorted(options.environment.items()),
            sorted(options.limits.items()), [(found.st_dev, found.st_ino) for found in kept],
        )  # fmt: skip
        return cls(sha256(repr(given).encode("utf-8", "surrogateescape")).hexdigest(), sha256(files).hexdigest())


class Record(NamedTuple):
    """A child as the undo journal has it; pid is 0 from before it is started until it is known."""

    name: str
    likeness: Likeness
    pid: int = 0
    started: str = ""
    memory: bytes = b""  # what whoever has it started must know of it

    def written(self) -> bytes:
        """Return the inverse in the journal."""
        likeness = tuple(self.likeness)
        return repr((self.name, likeness, self.pid, self.started, self.memory)).encode("utf-8", "surrogateescape")

    @classmethod
    def read(cls, text: bytes) -> "Record":
        """Read what was written."""
        name, likeness, *rest = literal_eval(text.decode("utf-8", "surrogateescape"))
        return cls(name, Likeness(*likeness), *rest)


class Keeping:
    """One child's place in the journal, and its FIFO."""

    __slots__ = ("_keeper", "_number", "_record", "path")

    def __init__(self, keeper: "ChildKeeper", path: str, number: int, record: Record) -> None:
        self._keeper = keeper
        self._number = number
        self._record = record
        self.path = path

    @property
    def memory(self) -> bytes:
        """What was remembered last, perhaps by a daemon before us."""
        return self._record.memory

    def open_ends(self) -> tuple[int, int]:
        """Make the FIFO; return the end that we read, and the one for the child, which is both.

        Raises: OSError.
        """
        os.mkfifo(self.path, 0o600)
        ours = open_output(self.path)
        try:
            return ours, os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except BaseException:
            os.close(ours)
            raise

    def begun(self, pid: int) -> None:
        """Write down which process it is."""
        self._change(self._record._replace(pid=pid, started=started_at(pid)))

    def remember(self, memory: bytes) -> None:
        """Have the next daemon know something of the child."""
        if memory != self._record.memory:
            self._change(self._record._replace(memory=memory))

    def end(self) -> None:
        """Write down that it has ended, or was never there."""
        self._keeper.remove(self.path)
        self._keeper.recovery.journal.undone(self._number)

    def _change(self, record: Record) -> None:
        self._record = record
        self._keeper.recovery.journal.done(self._number, record.written())


class ChildKeeper:
    """All children of a daemon that are to outlive it, and those that it finds."""

    __slots__ = ("_directory", "_stop_timeout", "recovery")

    def __init__(self, recovery: "Recovery", directory: str, stop_timeout: StopTimeout) -> None:
        """Take the undo journal, a directory for FIFOs, and how long one may take to end that nobody takes over."""
        self.recovery = recovery
        self._directory = directory
        self._stop_timeout = stop_timeout
        recovery.knows_slow(KIND, self.undo)

    def begin(self, name: str, command: Command, files: bytes, title: str) -> tuple[Keeping, int, int] | None:
        """Write down that a child is about to start; return it with the ends of its FIFO, or None if it cannot be.

        Shapes: files is what the files hold that are written for it; the ends are as `Keeping.open_ends` says.
        """
        key = os.urandom(8).hex()
        record = Record(name, Likeness.of(command, files))
        number = self.recovery.journal.intend(KIND, key.encode(), record.written(), title)
        if not number:
            return None
        keeping = Keeping(self, f"{self._directory}/{key}", number, record)
        try:
            make_private_directory(self._directory)
            return keeping, *keeping.open_ends()
        except OSError:
            keeping.end()
            return None

    async def adopt(
        self, command: Command, files: bytes, title: str, note_for: NoteFor
    ) -> tuple[Child, Keeping] | None:
        """Take over the child that a daemon before us has left, if it is equal; end the one that was in its place.

        Raises: Unavailable if it cannot be said whether it runs.
        """
        likeness = Likeness.of(command, files)
        left = self._find(likeness, title)
        if left is None:
            return None
        with self.recovery.claiming():
            self.recovery.claim(KIND, left.key)
            record = Record.read(left.undo)
            path = self._path(left.key)
            if not record.pid:  # that daemon was killed before it had written down which process it had started
                record = _found(record, path)
            if record.likeness == likeness and record.pid:
                with suppress(OSError):
                    reader = open_output(path)
                    child = attach(record, reader, note_for(record.pid))
                    if child is not None:
                        keeping = Keeping(self, path, self.recovery.journal.adopt(left, title), record)
                        if not left.done:
                            keeping.begun(child.pid)
                        return child, keeping
            await self.recovery.finish(left)
        return None

    async def undo(self, key: bytes, undo: bytes) -> None:
        """End a child that a daemon before us has left: SIGTERM, and SIGKILL if that is not enough.

        Raises: Unavailable if it cannot be said whether it runs.
        """
        record = Record.read(undo)
        path = self._path(key)
        if record.pid:
            reader = -1
            with suppress(OSError):
                reader = open_output(path)  # one that waits until somebody reads could not end
            child = attach(record, reader, _drop)
            if child is not None:
                await self._end(child)
        else:
            for _ in range(_ROUNDS):
                found = openers_of(path)
                if not found:
                    break
                await end_all(found)
        self.remove(path)

    async def _end(self, child: Child) -> None:
        def stop() -> None:
            child.stop(self._stop_timeout.seconds, _drop)

        stop()
        self._stop_timeout.on_shortened(stop)
        try:
            cancelled = await child.outlast()
        finally:
            self._stop_timeout.forget(stop)
        if cancelled is not None:
            raise cancelled

    def remove(self, path: str) -> None:
        """Remove a FIFO, and the directory with the last one."""
        with suppress(OSError):
            os.unlink(path)
        with suppress(OSError):
            os.rmdir(self._directory)

    def _find(self, likeness: Likeness, title: str) -> "LeftEntry | None":
        """Return what is left of an equal child, else of the one in this place, else of one with this command."""
        best: LeftEntry | None = None
        best_rank = 0
        for entry in self.recovery.left:
            if entry.kind == KIND:
                theirs = Record.read(entry.undo).likeness
                here = title != "" and entry.holder == title
                rank = 4 * (theirs == likeness) + 2 * here + (theirs.command == likeness.command)
                if rank > best_rank:
                    best, best_rank = entry, rank
        return best

    def _path(self, key: bytes) -> str:
        return f"{self._directory}/{os.fsdecode(key)}"


def _found(record: Record, path: str) -> Record:
    """Return a record with the process that was started to write into a FIFO, if there is no doubt which one that is.

    It leads a group of its own, from before it is its program; those that it has started share the FIFO with it.
    """
    leaders = [pid for pid in openers_of(path) if _leads(pid)]
    if len(leaders) != 1:
        return record
    return record._replace(pid=leaders[0], started=started_at(leaders[0]))


def _leads(pid: int) -> bool:
    with suppress(ProcessLookupError):
        return os.getpgid(pid) == pid
    return False


def open_output(path: str) -> int:
    """Open the FIFO of a child to read what it says.

    Raises: OSError if there is none, or it is not ours.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    found = os.fstat(descriptor)
    if not stat.S_ISFIFO(found.st_mode) or found.st_uid != os.geteuid():
        os.close(descriptor)
        raise OSError(0, "it is no FIFO of ours")
    return descriptor


def attach(record: Record, reader: int, note: Callable[[str], None]) -> Child | None:
    """Return the child of a record, heard by what it is read by (or -1), or None if it has ended.

    A process that has only its id is never touched: who it is says when it started, looked at while a descriptor of it
    is open, so that it is nobody else afterwards.
    Raises: Unavailable if it cannot be said.
    """
    try:
        pidfd = os.pidfd_open(record.pid)
    except OSError as error:
        _close(reader)
        if isinstance(error, ProcessLookupError):
            return None
        raise Unavailable(f"watch {record.name}", error.strerror or str(error), error.errno or 0) from None
    if not record.started or started_at(record.pid) != record.started:
        os.close(pidfd)
        _close(reader)
        return None
    return Child(record.name, record.pid, pidfd, LineReader(reader, note) if reader >= 0 else None)


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


def _drop(_line: str) -> None:
    """Nobody asked, so nobody is told."""
