"""The program that runs, and what becomes of it while it does: what differs is changed, and nothing else.

A candidate is texts, and what people have changed of them.  It is read, compared with what runs, and then either told
as a plan or made the program.  One that is refused changes nothing.
"""

from asyncio import Event as Signal
from asyncio import wait_for
from typing import Final, NamedTuple

from netstrata.control.answers import Answer, Later, Waiting
from netstrata.control.interface import NAME
from netstrata.control.verbs import Failure, Peer
from netstrata.daemon.events.event import Event
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.live.aside import Aside, Driven
from netstrata.daemon.live.document import Document
from netstrata.daemon.live.history import History, Runs, ToKeep
from netstrata.daemon.live.kept import Read, Version, digest_of
from netstrata.daemon.live.plan import Step, planned_steps
from netstrata.daemon.live.reading import ReadCandidate, Reader
from netstrata.engine.change import Change
from netstrata.engine.difference import Difference
from netstrata.engine.machine import Engine
from netstrata.engine.process import Process
from netstrata.engine.prospect import Prospect
from netstrata.engine.registry import Registry
from netstrata.language.diagnostics import render_all
from netstrata.language.refusals import Refusals
from netstrata.language.tree import PlainProgram
from netstrata.values import Source

MOST_STEPS: Final = 10_000  # that an answer tells of
AGAIN_S: Final = 1.0  # between two attempts to go back, while something else is done


class Terms(NamedTuple):
    """How a change is wanted.

    Shapes: persist is whether it outlives the daemon; confirm is how many seconds it may take until somebody confirms
    it, 0 if nobody has to; with plan nothing is changed, and the answer is what would be.
    """

    peer: Peer
    persist: bool = False
    confirm: int = 0
    plan: bool = False


class Candidate(NamedTuple):
    """What is to be the program.

    Shapes: is_back says whether it ran before, None that it is what the files say; force takes from others what they
    stand on.
    """

    why: str
    terms: Terms
    read: Read
    document: Document
    is_back: bool | None = False
    force: bool = True


NOBODY: Final = Terms(Peer(0, frozenset()))


class LiveProgram:
    """One program, and the engine that runs it."""

    def __init__(
        self, path: str, read: Read, registry: Registry, engine: Engine, stream: EventLog, history: History
    ) -> None:
        """Take the program's file, how files are read, what runs it, and the programs that ran before."""
        self.sources: list[Source] = []
        self.document = Document()
        self.engine = engine
        self.history = history
        self.read = read
        self._path = path
        self._reader = Reader(path, registry, engine)
        self._stream = stream
        self._busy = ""  # what is done now that nothing may be done beside
        self.still = Signal()  # set unless it is becoming another one
        self.still.set()
        self._steps: list[Step] = []

    async def settled(self, longest_s: float) -> None:
        """Wait until it becomes no other one, and what ran is kept.

        Raises: TimeoutError after so many seconds.
        """
        await wait_for(self.still.wait(), longest_s)
        await self.history.written(longest_s)

    @property
    def runs(self) -> Runs:
        """What runs, as it is kept."""
        return _as_kept(self.sources, self.document)

    def read_again(self, path: str) -> bytes:
        """Return a text of the program that runs.

        Raises: OSError.
        """
        for source in self.sources:
            if source.name == path:
                return source.text
        return self.read(path)

    def confirm(self, peer: Peer) -> Waiting[Answer]:
        """Keep the program that waits to be confirmed."""
        awaited = self.history.awaited
        if awaited is None:
            raise Failure(f"{NAME}.NothingAwaited")
        if self._busy:
            raise Failure(f"{NAME}.Busy", text=self._busy)
        self._busy = "is being confirmed"
        work = Driven(self._confirm)
        yield work.later
        work.result()
        self._stream.control(f"confirmed the program {awaited.version}", uid=peer.uid, pid=peer.pid)
        return {}

    def _confirm(self) -> Waiting[None]:
        try:
            yield from self.history.confirm(self.document, self._time_is_over)
        finally:
            self._busy = ""

    def begin(self, program: PlainProgram, document: Document) -> None:
        """Know the program that runs; go back when the time is over in which it may be confirmed, if it is to be."""
        self.sources, self.document = program.sources, document
        self._reader.begin(program, document)
        self.history.wait(self._time_is_over)

    def offer(self, candidate: Candidate) -> Waiting[Answer]:
        """Read a candidate, and make it the program, or tell what that would undo and begin.

        Raises: Failure.
        """
        self._begin(candidate)
        self._steps = []
        try:
            yield from self._guard(candidate)
            found = yield from self._reader.read(candidate.read, candidate.document)
            difference = found.difference
            if candidate.terms.plan:
                yield from self._plan(difference)
            else:
                self._check_use(candidate, difference)
                # From here on it is done, whether who has asked for it is still there or not.
                work = Driven(lambda: self._become(candidate, found))
                yield work.later
                work.result()
        except Refusals as refusals:
            raise refused(refusals) from None
        except MemoryError:
            raise Failure(f"{NAME}.Unavailable", text="there is not enough memory for the program") from None
        finally:
            if self.history.is_guarded and self.still.is_set():  # whoever has asked may be gone
                Driven(self._release)
            elif self.still.is_set():
                self._busy = ""
        return {"changed": not difference.is_nothing, "steps": self._steps}

    def _begin(self, candidate: Candidate) -> None:
        """Do one thing at a time."""
        text = self._busy
        awaited = self.history.awaited
        if not text and self.engine.change is not None:
            text = "is being changed: something of the last change is not undone yet"
        if not text and awaited is not None and not candidate.terms.plan and not candidate.is_back:
            left = max(0, round(awaited.left_s))
            text = f"waits {left} s more to be confirmed: `netstrata confirm` or `netstrata revert` comes first"
        if self.engine.terminating:
            text = "is being undone, as the daemon ends"
        if text:
            raise Failure(f"{NAME}.Busy", text=text)
        self._busy = f"is being read ({candidate.why})"

    def _guard(self, candidate: Candidate) -> Waiting[None]:
        """Have a daemon that follows a killed one not run what is to be confirmed, though its file says so already."""
        if candidate.terms.plan or not candidate.terms.confirm or candidate.is_back is not None:
            return
        file = Aside(candidate.read, self._path)
        yield file.later
        if file.error is None:
            yield from self.history.guard(self.runs, {self._path: digest_of(file.found)})

    def _release(self) -> Waiting[None]:
        yield from self.history.release(self.document)
        self._busy = ""

    def _plan(self, difference: Difference) -> Waiting[None]:
        for step in planned_steps(self.engine, difference, self._stream):
            if step is None:
                yield None
            elif len(self._steps) < MOST_STEPS:
                self._steps.append(step)

    def _check_use(self, candidate: Candidate, difference: Difference) -> None:
        """Refuse what takes away from others what they stand on, unless that is meant."""
        if candidate.force or candidate.terms.plan:
            return
        using = {_root_of(process).code.name for process in Prospect(self.engine, difference).from_}
        if using:
            raise Failure(f"{NAME}.InUse", process=difference.gone[0], by=sorted(using))

    def _change(self, difference: Difference, why: str) -> Waiting[None]:
        """Undo what differs, and begin what is new."""
        count = len(difference.firsts) + len(difference.gone) + len(difference.come)
        text = f"the program was changed: {why} (processes and templates that differ: {count})"
        self._busy = f"is being changed ({why})"
        done = Later()
        change = Change(self.engine, difference, lambda: self._stream.change(text), done.come)
        self._stream.subscribe(self._take)
        try:
            self.engine.event(change.begin)
            yield done
            yield None
        finally:
            self._stream.unsubscribe(self._take)

    def _take(self, event: Event) -> None:
        """Know what is undone and begun."""
        if event.kind != "transition" or len(self._steps) >= MOST_STEPS:
            return
        before, after = event.fields["from"], event.fields["to"]
        if "gone" in (before, after):
            place = event.place
            what = "begun" if before == "gone" else "undone"
            step = {"what": what, "process": event.process, "statement": place.statement, "name": place.name}
            self._steps.append({**step, "file": place.file, "line": place.line})

    def _become(self, candidate: Candidate, found: ReadCandidate) -> Waiting[None]:
        """Make a candidate the program."""
        difference = found.difference
        self.still.clear()
        try:
            keeping = self._keeping(candidate, found.sources)
            if keeping.must:
                yield from self.history.write(keeping.write, must=True)
            yield from difference.move()
            text = f"asked for {candidate.why}" + (": nothing differs" if difference.is_nothing else "")
            self._stream.control(text, uid=candidate.terms.peer.uid, pid=candidate.terms.peer.pid)
            before = self.runs
            self.sources, self.document = found.sources, candidate.document
            self._reader.become(found, candidate.document)
            self.history.take(keeping, self._time_is_over)
            if not difference.is_nothing:
                yield from self._change(difference, candidate.why)
            elif self.runs != before:
                self._stream.change(f"the program's text was changed, and means the same: {candidate.why}")
            if not keeping.must:
                self.history.write_soon(keeping.write)
        finally:
            self.still.set()
            self._busy = ""

    def _keeping(self, candidate: Candidate, sources: list[Source]) -> ToKeep:
        after = _as_kept(sources, candidate.document)
        return self.history.keeping(
            self.runs, after, candidate.why, candidate.terms.peer, candidate.terms.confirm, candidate.is_back
        )

    def _time_is_over(self) -> Waiting[None]:
        """Go back, unless somebody has confirmed meanwhile; later, while something else is done."""
        awaited = self.history.awaited
        if awaited is None:
            return
        if self._busy or self.engine.change is not None:
            self.history.wait(self._time_is_over, AGAIN_S)
            return
        for version in self.history.others(self.runs, awaited.previous):
            yield from self.offer(back_to(version, "nobody has confirmed", NOBODY))


def _root_of(process: Process) -> Process:
    """Return the process of the program that a process is part of."""
    while process.owner is not None:
        process = process.owner.creator().process
    return process


def back_to(version: Version, why: str, terms: Terms) -> Candidate:
    """Return a program that has run before as what is to run again."""
    why = f"going back to {version.number} ({why})"
    return Candidate(why, terms, version.read, version.document, is_back=True)


def refused(refusals: Refusals) -> Failure:
    """Return the failure that tells why a text is no program."""
    return Failure(f"{NAME}.Refused", text=render_all(refusals.refused).rstrip())


def _as_kept(sources: list[Source], document: Document) -> Runs:
    return Runs({source.name: source.text for source in sources}, document)
