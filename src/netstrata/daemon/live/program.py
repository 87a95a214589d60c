"""The program that runs, and what becomes of it while it does: what differs is changed, and nothing else.

A candidate is texts, and what people have changed of them.  It is read, compared with what runs, and then either told
as a plan or made the program.  One that is refused changes nothing.
"""

from asyncio import Event as Signal
from asyncio import wait_for
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from netstrata.control.answers import Answer, Later, Waiting
from netstrata.control.interface import NAME
from netstrata.control.verbs import Failure, Peer
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.live.aside import Aside, Driven, pause
from netstrata.daemon.live.document import Document
from netstrata.daemon.live.history import History, Runs, ToKeep
from netstrata.daemon.live.kept import Read, Version, digest_of
from netstrata.daemon.live.reading import ReadCandidate, Reader
from netstrata.daemon.live.room import TOO_LARGE, check_room
from netstrata.engine.change import Change
from netstrata.engine.difference import Difference
from netstrata.engine.machine import Engine
from netstrata.engine.process import Process
from netstrata.engine.prospect import Prospect
from netstrata.engine.registry import Registry
from netstrata.language.diagnostics import render_all
from netstrata.language.refusals import Refusals
from netstrata.language.tree import PlainProgram
from netstrata.values import Refused, Source, one_line

if TYPE_CHECKING:
    from netstrata.daemon.live.report import ChangeReport

SETTLES_S: Final = 1.0  # that what begins in a change may take to be made, until it is told what has happened
LOOKS_AGAIN_S: Final = 0.005  # after which it is looked whether it is
AGAIN_S: Final = 1.0  # between two attempts to go back, while something else is done


class Terms(NamedTuple):
    """How a change is wanted.

    Shapes: persist is whether it outlives the daemon; confirm is how many seconds it may take until somebody confirms
    it, 0 if nobody has to; with plan nothing is changed, and the answer is what would be; by says who or what asks, if
    that is no client.
    """

    peer: Peer
    persist: bool = False
    confirm: int = 0
    plan: bool = False
    by: str = ""

    @property
    def who(self) -> str:
        """Who asks, for people."""
        return self.by or f"uid {self.peer.uid}"


def never() -> bool:
    """Say no."""
    return False


def nothing() -> None:
    """Do nothing."""


class Candidate(NamedTuple):
    """What is to be the program.

    Shapes: is_back says whether it ran before, None that it is what the files say; force takes from others what they
    stand on; is_outdated says, once it was read, that it was read in vain.
    """

    why: str
    terms: Terms
    read: Read
    document: Document
    is_back: bool | None = False
    force: bool = True
    is_outdated: Callable[[], bool] = never


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
        self.problem = ""  # why the files, which have changed, are not what runs, if somebody watches them
        self.on_become = nothing  # called when this is another program, or has been confirmed
        self._path = path
        self._reader = Reader(path, registry, engine)
        self._stream = stream
        self._busy = ""  # what is done now that nothing may be done beside
        self.still = Signal()  # set unless it is becoming another one
        self.still.set()

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

    def confirm(self, peer: Peer, version: int) -> Waiting[Answer]:
        """Keep the program that waits to be confirmed; only one of a number, if that is not 0."""
        awaited = self.history.awaited
        if awaited is None or version not in (0, awaited.version):
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
            self.on_become()

    def begin(self, program: PlainProgram, document: Document) -> None:
        """Know the program that runs; go back when the time is over in which it may be confirmed, if it is to be."""
        self.sources, self.document = program.sources, document
        self._reader.begin(program, document)
        self.history.wait(self._time_is_over)

    def offer(self, candidate: Candidate) -> Waiting[Answer]:
        """Read a candidate, and make it the program, or tell what that would undo and begin.

        Raises: Failure.
        """
        self._check_free(candidate)
        try:
            return (yield from self._plan(candidate) if candidate.terms.plan else self._take_up(candidate))
        except Refusals as refusals:
            raise refused(refusals) from None
        except MemoryError:
            raise Failure(f"{NAME}.Unavailable", text=TOO_LARGE) from None

    def _take_up(self, candidate: Candidate) -> Waiting[Answer]:
        """Make a candidate the program."""
        self._busy = f"is being read ({candidate.why})"
        report = self._report()
        try:
            yield from self._guard(candidate)
            found = yield from self._read(candidate)
            self._check_use(candidate, found.difference)
            # From here on it is done, whether who has asked for it is still there or not.
            work = Driven(lambda: self._become(candidate, found, report))
            yield work.later
            work.result()
        finally:
            if self.history.is_guarded and self.still.is_set():  # whoever has asked may be gone
                Driven(self._release)
            elif self.still.is_set():
                self._busy = ""
        return {"changed": not found.difference.is_nothing, "steps": report.steps}

    def _report(self) -> "ChangeReport":
        from netstrata.daemon.live.report import ChangeReport

        return ChangeReport(self.engine, self._stream)

    def _plan(self, candidate: Candidate) -> Waiting[Answer]:
        """Tell what a candidate would undo and begin; whoever changes the program meanwhile does not wait for that."""
        sources = self.sources
        work = self._planned(candidate)
        while True:
            try:
                yield next(work)
            except StopIteration as end:
                answer: Answer = end.value
                return answer
            self._check_free(candidate)
            if self.sources is not sources:
                raise Failure(f"{NAME}.Busy", text="was changed meanwhile")

    def _planned(self, candidate: Candidate) -> Waiting[Answer]:
        from netstrata.daemon.live.plan import planned_steps
        from netstrata.daemon.live.report import MOST_STEPS, Step

        difference = (yield from self._read(candidate)).difference
        steps: list[Step] = []
        for step in planned_steps(self.engine, difference, self._stream):
            if step is None:
                yield None
            elif len(steps) < MOST_STEPS:
                steps.append(step)
        return {"changed": not difference.is_nothing, "steps": steps}

    def _check_free(self, candidate: Candidate) -> None:
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

    def _guard(self, candidate: Candidate) -> Waiting[None]:
        """Have a daemon that follows a killed one not run what is to be confirmed, though its file says so already."""
        if not candidate.terms.confirm or candidate.is_back is not None:
            return
        file = Aside(candidate.read, self._path)
        yield file.later
        if file.error is None:
            yield from self.history.guard(self.runs, {self._path: digest_of(file.found)})

    def _release(self) -> Waiting[None]:
        yield from self.history.release(self.document)
        self._busy = ""

    def _read(self, candidate: Candidate) -> Waiting[ReadCandidate]:
        """Read a candidate, and compare it with what runs."""
        found = yield from self._reader.read(candidate.read, candidate.document, is_plan=candidate.terms.plan)
        difference = found.difference
        begin = filter(None, map(difference.code, (*difference.firsts, *difference.come)))
        check_room(statements=sum(len(code.slots) for code in begin))
        if candidate.is_outdated():
            raise Failure(f"{NAME}.Busy", text="is being written")
        return found

    def _check_use(self, candidate: Candidate, difference: Difference) -> None:
        """Refuse what takes away from others what they stand on, unless that is meant."""
        if candidate.force:
            return
        using = {_root_of(process).code.name for process in Prospect(self.engine, difference).from_}
        if using:
            raise Failure(f"{NAME}.InUse", process=difference.gone[0], by=sorted(using))

    def _change(self, difference: Difference, why: str, report: "ChangeReport") -> Waiting[None]:
        """Undo what differs, and begin what is new."""
        count = len(difference.firsts) + len(difference.gone) + len(difference.come)
        text = f"the program was changed: {why} (processes and templates that differ: {count})"
        self._busy = f"is being changed ({why})"
        done = Later()
        change = Change(self.engine, difference, lambda: self._stream.change(text), done.come)
        with report.kept():
            self.engine.event(change.begin)
            yield done
            yield from self._settle(report)

    def _settle(self, report: "ChangeReport") -> Waiting[None]:
        """Wait until what begins has been made, but not for long."""
        end = monotonic() + SETTLES_S
        yield None
        while (self.engine.has_work or report.is_open) and monotonic() < end:
            yield None if self.engine.has_work else pause(LOOKS_AGAIN_S)

    def _become(self, candidate: Candidate, found: ReadCandidate, report: "ChangeReport") -> Waiting[None]:
        """Make a candidate the program."""
        difference = found.difference
        self.still.clear()
        try:
            keeping = self._keeping(candidate, found.sources)
            if keeping.must:
                yield from self.history.write(keeping.write, must=True)
            yield from difference.move()
            by = f" ({candidate.terms.by})" if candidate.terms.by else ""
            text = f"asked for {candidate.why}{by}" + (": nothing differs" if difference.is_nothing else "")
            self._stream.control(text, uid=candidate.terms.peer.uid, pid=candidate.terms.peer.pid)
            before = self.runs
            self.sources, self.document, self.problem = found.sources, candidate.document, ""
            self._reader.become(found, candidate.document)
            self.history.take(keeping, self._time_is_over)
            if not difference.is_nothing:
                yield from self._change(difference, candidate.why, report)
            elif self.runs != before:
                self._stream.change(f"the program's text was changed, and means the same: {candidate.why}")
            if not keeping.must:
                self.history.write_soon(keeping.write)
        finally:
            self.still.set()
            self._busy = ""
            self.on_become()

    def _keeping(self, candidate: Candidate, sources: list[Source]) -> ToKeep:
        after = _as_kept(sources, candidate.document)
        return self.history.keeping(
            self.runs, after, candidate.why, candidate.terms.who, candidate.terms.confirm, candidate.is_back
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
    mistakes = [_mistake_of(one) for one in refusals.refused]
    return Failure(f"{NAME}.Refused", text=render_all(refusals.refused).rstrip(), mistakes=mistakes)


def _mistake_of(refused: Refused) -> dict[str, Any]:
    """Return one of them for who shows it where it stands."""
    told: dict[str, Any] = {"text": one_line(refused.message), "hint": one_line(refused.hint)}
    if refused.span is not None:
        told |= {"file": refused.span.source.name, "line": refused.span.line, "column": refused.span.column}
    return told


def _as_kept(sources: list[Source], document: Document) -> Runs:
    return Runs({source.name: source.text for source in sources}, document)
