"""The program that runs, and what becomes of it while it does: it is read again, and what differs is changed."""

import asyncio
import contextlib
from _thread import start_new_thread
from collections.abc import Callable
from typing import Final

from netstrata.control.answers import Answer, Later, Waiting
from netstrata.control.interface import NAME
from netstrata.control.verbs import Failure
from netstrata.daemon.events.event import Event
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.live.plan import Step, planned_steps
from netstrata.engine.change import Change
from netstrata.engine.compiler import compile_in_steps
from netstrata.engine.difference import Difference
from netstrata.engine.machine import Engine
from netstrata.engine.registry import Registry
from netstrata.language.diagnostics import render_all
from netstrata.language.load import load_in_steps
from netstrata.language.refusals import Refusals
from netstrata.language.tree import PlainProgram
from netstrata.values import Source

MOST_STEPS: Final = 10_000  # that an answer tells of


class Found:
    """A file as it is now, read where nobody has to wait for it."""

    def __init__(self, path: str, read: Callable[[str], bytes]) -> None:
        self.text = b""
        self.error: Exception | None = None
        self.later = Later()
        self._loop = asyncio.get_running_loop()
        start_new_thread(self._read, (path, read))

    def _read(self, path: str, read: Callable[[str], bytes]) -> None:
        try:
            self.text = read(path)
        except (OSError, ValueError, MemoryError) as error:
            self.error = error
        with contextlib.suppress(RuntimeError):  # the daemon has ended meanwhile
            self._loop.call_soon_threadsafe(self.later.come)


class LiveProgram:
    """One program, and the engine that runs it."""

    def __init__(
        self, path: str, read: Callable[[str], bytes], registry: Registry, engine: Engine, stream: EventLog
    ) -> None:
        self.sources: list[Source] = []
        self._path = path
        self._read = read
        self._registry = registry
        self._engine = engine
        self._stream = stream
        self._busy = ""  # what is done now that nothing may be done beside
        self._steps: list[Step] = []

    def reload(self) -> Waiting[Answer]:
        """Read the program again, and change what differs; return what was undone and begun so far."""
        self._begin("is reloaded")
        try:
            difference = yield from self._difference()
            yield from difference.move()
            if difference.is_nothing:
                self._stream.control("asked to reload: nothing differs")
                return {"changed": False, "steps": []}
            yield from self._change(difference)
        finally:
            self._busy = ""
        return {"changed": True, "steps": self._steps}

    def plan(self) -> Waiting[Answer]:
        """Read the program again, and return what changing what differs would undo and begin; nothing happens."""
        self._begin("is read for a plan")
        steps: list[Step] = []
        try:
            difference = yield from self._difference()
            for step in planned_steps(self._engine, difference, self._stream):
                if step is None:
                    yield None
                elif len(steps) < MOST_STEPS:
                    steps.append(step)
        finally:
            self._busy = ""
        return {"changed": not difference.is_nothing, "steps": steps}

    def _begin(self, what: str) -> None:
        """Do one thing at a time."""
        text = self._busy
        if not text and self._engine.change is not None:
            text = "is being changed: something of the last change is not undone yet"
        if self._engine.terminating:
            text = "is being undone, as the daemon ends"
        if text:
            raise Failure(f"{NAME}.Busy", text=text)
        self._busy = what

    def _difference(self) -> Waiting[Difference]:
        """Read the program, and compare it with what runs."""
        program = yield from self._load()
        codes = yield from compile_in_steps(program, self._registry)
        difference = Difference(self._engine.templates, codes)
        yield from difference.in_steps()
        return difference, program.sources

    def _load(self) -> Waiting[PlainProgram]:
        steps = load_in_steps(self._path)
        try:
            wanted = next(steps)
            while True:
                if wanted is None:
                    yield None
                    wanted = steps.send(None)
                    continue
                file = Found(wanted, self._read)
                yield file.later
                wanted = steps.throw(file.error) if file.error is not None else steps.send(file.text)
        except StopIteration as end:
            program: PlainProgram = end.value
            return program
        except Refusals as refusals:
            text = render_all(refusals.refused)
            raise Failure(f"{NAME}.Refused", text=text.rstrip()) from None
        except MemoryError:
            raise Failure(f"{NAME}.Unavailable", text="there is not enough memory for the program") from None

    def _change(self, difference: Difference) -> Waiting[None]:
        """Undo what differs, and begin what is new."""
        count = len(difference.firsts) + len(difference.gone) + len(difference.come)
        text = f"the program was changed ({count} processes and templates differ)"
        self._steps = []
        done = Later()
        change = Change(self._engine, difference, lambda: self._stream.change(text), done.come)
        self._stream.subscribe(self._take)
        try:
            self._engine.event(change.begin)
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
            what = "begun" if before == "gone" else "undone"
            place = event.place
            self._steps.append(
                {
                    "what": what,
                    "process": event.process,
                    "statement": place.statement,
                    "name": place.name,
                    "file": place.file,
                    "line": place.line,
                }
            )
