"""The program's files, watched: when they have changed and are quiet, they are read as `reload` does.

    quiet ──something changed──> unquiet ──nothing for a moment──> looked at ──they say something else──> offered
                                    ^                                 │ somebody writes one still: later once more
                                    └─────────────────────────────────┘

What is offered is refused, or becomes the program, by the rules of any other change.  One text is refused once.
"""

import asyncio
import os
from contextlib import suppress
from typing import Final

from netstrata.control.answers import Waiting
from netstrata.control.interface import NAME
from netstrata.control.verbs import Failure, Peer
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.live.aside import Aside, Driven
from netstrata.daemon.live.history import Runs
from netstrata.daemon.live.kept import digest_of
from netstrata.daemon.live.program import AGAIN_S, Candidate, LiveProgram, Terms, nothing
from netstrata.system.filesystem.path_watch import BeingWritten, PathWatch, read_settled

QUIET_S: Final = 0.3  # without a change, until files are read: who writes them writes more than once
WRITTEN_S: Final = 1.0  # until it is looked again whether somebody writes: the kernel does not always tell of the end
LATER_S: Final = 10.0  # until it is tried again to watch what cannot be watched
WHO: Final = "the file changed"
REFUSED: Final = "the program's file has changed, and is refused; all stays as it is:"
AWAITS: Final = "the program's file has changed; it is read when the program that waits to be confirmed is kept"
WENT_BACK: Final = "the program's file has changed after one that was gone back from: `netstrata reload` reads it"
Found = dict[str, bytes | None]  # what files hold by their paths, None for what cannot be read


class FileWatch:
    """The files of a program that runs."""

    def __init__(self, program: LiveProgram, stream: EventLog) -> None:
        self._program = program
        self._stream = stream
        self._peer = Peer(os.getuid(), frozenset(), os.getpid())
        self._watch: PathWatch | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_looking = False
        self._refused: Found = {}  # what was refused last
        self._told = ""  # the problem that was told last, unless it is over
        self._waited: Runs | None = None  # the program that waited to be confirmed when files changed

    def begin(self) -> None:
        """Watch them from now on, and look whether they have changed already."""
        self._program.on_become = lambda: self._look_after(QUIET_S)  # it may have other files by now
        self._look_after(0.0)

    def close(self) -> None:
        """Watch them no more."""
        self._program.on_become = nothing
        if self._timer is not None:
            self._timer.cancel()
        self._take(None)

    def _take(self, watch: PathWatch | None) -> None:
        """Have another watch than before."""
        loop = asyncio.get_running_loop()
        if self._watch is not None:
            loop.remove_reader(self._watch.descriptor)
            self._watch.close()
        self._watch = watch
        if watch is not None:
            loop.add_reader(watch.descriptor, self._changed)

    def _changed(self) -> None:
        if self._watch is not None and self._watch.has_changed():
            self._look_after(QUIET_S)

    def _look_after(self, wait_s: float) -> None:
        """Look when a time is over, in which nothing else asks for it."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._begin_look)

    def _begin_look(self) -> None:
        if self._is_looking or not self._program.still.is_set():
            self._look_after(QUIET_S)
        elif not self._program.engine.terminating:
            self._timer = None
            self._is_looking = True
            Driven(self._look)

    def _look(self) -> Waiting[None]:
        try:
            look = _Look(self._known())
            aside = Aside(_Look.begin, look)
            yield aside.later
            self._take(look.watch)
            if aside.error is not None:
                self._tell(f"the program's files cannot be watched: {aside.error or 'there is no memory left'}")
                self._look_after(LATER_S)
            elif not look.written:
                yield from self._read(look)
            self._say_written(look)
        except Exception as bug:
            self._stream.broken(bug)
        finally:
            self._is_looking = False

    def _known(self) -> list[str]:
        """Return the paths of all files that matter."""
        pinned = self._program.history.pinned
        digests = pinned.digests if pinned is not None else {}
        return list(dict.fromkeys([*self._program.runs.texts, *digests, *self._refused]))

    def _read(self, look: "_Look") -> Waiting[None]:
        """Offer what files say, if that is news."""
        waited, runs = self._waited, self._program.runs
        if self._is_known(look.found):
            self._waited = None
        elif waited is None:
            yield from self._offer(look)
        elif waited != runs:  # it went back; what was written on top of it shall not do the same once more
            self._waited, self._refused = None, look.found
            self._tell(WENT_BACK)
        elif self._program.history.awaited is None:
            yield from self._offer(look)

    def _is_known(self, found: Found) -> bool:
        """Say whether files say what runs, what was refused, or what was gone back from."""
        pinned = self._program.history.pinned
        if self._refused and all(found.get(path) == text for path, text in self._refused.items()):
            self._program.problem = self._told
            return True
        self._refused = {}
        if all(found.get(path) == text for path, text in self._program.runs.texts.items()) or (
            pinned is not None and all(_is(found.get(path), digest) for path, digest in pinned.digests.items())
        ):
            self._program.problem = self._told = ""
            return True
        return False

    def _offer(self, look: "_Look") -> Waiting[None]:
        program = self._program
        terms = Terms(self._peer, by=WHO)
        is_outdated = lambda: self._is_outdated(look)  # noqa: E731
        candidate = Candidate("reload", terms, look.read, program.document, is_back=None, is_outdated=is_outdated)
        try:
            yield from program.offer(candidate)
        except Failure as failure:
            if self._is_outdated(look):
                return  # another look follows
            if failure.name != f"{NAME}.Busy":
                self._refused = {path: look.found.get(path) for path in look.asked}
                self._tell(f"{REFUSED}\n{failure.parameters['text']}")
            elif program.history.awaited is not None:
                self._waited = program.runs
                self._tell(AWAITS)
            else:
                self._look_after(AGAIN_S)
        else:
            self._waited, self._told = None, ""

    def _is_outdated(self, look: "_Look") -> bool:
        """Say whether a file has changed since it was looked at, or is being written."""
        self._changed()
        return self._timer is not None or bool(look.written)

    def _say_written(self, look: "_Look") -> None:
        if look.written:
            self._look_after(WRITTEN_S)
            self._program.problem = f"{look.written} is being written; it is read when who writes it has closed it"

    def _tell(self, problem: str) -> None:
        """Say what is wrong, once."""
        self._program.problem = problem
        if problem != self._told:
            self._told = problem
            self._stream.control(problem, uid=self._peer.uid, pid=self._peer.pid)


class _Look:
    """What files hold at one moment."""

    def __init__(self, paths: list[str]) -> None:
        self.watch: PathWatch | None = None
        self.found: Found = {}
        self.asked: dict[str, None] = {}  # the paths that the program is read from
        self.written = ""  # a path of one that somebody writes
        self._paths = paths

    def begin(self) -> None:
        """Watch them, and read them.

        Raises: OSError if they cannot be watched.
        """
        self.watch = PathWatch()
        for path in self._paths:
            self.watch.add(path)
        for path in self._paths:
            with suppress(OSError):
                self.found[path] = None
                self._find(path)

    def read(self, path: str) -> bytes:
        """Return what a file holds, which is watched from now on.

        Raises: OSError.
        """
        assert self.watch is not None
        self.asked[path] = None
        found = self.found.get(path)
        if found is None:
            self.watch.add(path)
            found = self._find(path)
        return found

    def _find(self, path: str) -> bytes:
        try:
            found = self.found[path] = read_settled(path)
        except BeingWritten:
            self.written = path
            raise
        return found


def _is(text: bytes | None, digest: str) -> bool:
    return text is not None and digest_of(text) == digest
