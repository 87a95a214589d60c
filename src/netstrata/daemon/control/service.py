"""What the control API's verbs do to a running engine, and what they ask of more than what stands, in slices."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from netstrata.control.answers import Answer, Items, Slices, Waiting
from netstrata.control.interface import NAME
from netstrata.control.verbs import Failure, Peer, allowed
from netstrata.daemon.control.route_verbs import RouteVerbs
from netstrata.daemon.control.view import LiveView
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.live.program import LiveProgram
from netstrata.daemon.live.verbs import ProgramVerbs
from netstrata.daemon.pyramid.goals import find_goals
from netstrata.daemon.pyramid.questions import Questions, nothing_called
from netstrata.daemon.pyramid.visible import link_for, path_for
from netstrata.engine.holders import HolderId
from netstrata.engine.machine import Engine
from netstrata.engine.process import UP, Process, Statement
from netstrata.engine.structures.names.goals import goals
from netstrata.values import Unavailable
from netstrata.version import VERSION

if TYPE_CHECKING:
    from asyncio import Future

    from netstrata.contract import Holder
    from netstrata.system.dns.report import ResolverReport
    from netstrata.system.filesystem.generated import GeneratedFile, GeneratedFiles


class ControlService(ProgramVerbs, RouteVerbs, Questions):
    """One running program, as its clients see it."""

    def __init__(
        self,
        engine: Engine,
        stream: EventLog,
        program: LiveProgram,
        generated: "GeneratedFiles",
        upgrade: "Callable[[], Future[Answer]]",
        resolver: "Callable[[bool], Future[ResolverReport]]",
    ) -> None:
        Questions.__init__(self, LiveView(engine, stream), stream)
        ProgramVerbs.__init__(self, program)
        RouteVerbs.__init__(self, engine, stream)
        self._generated = generated
        self._upgrade = upgrade
        self._resolver = resolver

    def _process(self, path: str) -> Slices[Process]:
        """Return a process by its name."""
        process = self.stream.process_at(path)
        if process is None:
            raise (yield from nothing_called("NoSuchProcess", "process", path, self.stream.paths()))
        return process

    def why(self, right: int, process: str) -> Items:
        """Yield the chain of causes; of an uplink also why another one is preferred, or this one."""
        yield from super().why(right, process)
        yield from self._why_of_uplinks(process, right)

    def restart(self, right: int, peer: Peer, process: str, statement: int = 1, above: bool = False) -> Slices[Answer]:
        """Undo a process from a statement on, and bring it up again."""
        found = yield from self._process(process)
        count = len(found.code.slots)
        if not 1 <= statement <= count:
            raise Failure(f"{NAME}.NoSuchStatement", process=process, statement=statement, statements=count)
        what = "what stands on " if above else ""
        self.stream.control(f"asked to restart {what}{process}.{statement}", uid=peer.uid, pid=peer.pid)
        self._engine.event(lambda: self._restart(found, statement - 1, above))
        return {}

    def _restart(self, process: Process, index: int, above: bool) -> None:
        statement = process.statements[index]
        if above:
            if statement is not None and statement.state == UP:
                process.restart(index + 1)
        else:
            process.restart(index)

    def retry(self, right: int, peer: Peer, process: str | None = None) -> Items:
        """Try again now what could not begin, and yield the processes that did wait; each is an event of its own."""
        chosen = None if process is None else (yield from self._process(process))
        self.stream.control(f"asked to try {process or 'all that failed'} again", uid=peer.uid, pid=peer.pid)
        waiting = [one for one in self._engine.retrying if chosen in (None, one)]
        for one in waiting:
            self._engine.event(partial(self._retry, one))
        yield from map(self.stream.path_of, waiting)

    def _retry(self, process: Process) -> None:
        if process in self._engine.retrying:  # else things have moved on
            process.troubles().forgive()  # somebody has mended something: waits are short again
            self._engine.begin_again(process)

    def links(self, right: int, name: str | None = None) -> Items:
        """Yield the links of the system, or one of them."""
        from netstrata.daemon.pyramid.links import all_links

        stands = yield from self.view.stands()
        try:
            found = yield from all_links(stands, name)
            if name is not None and not found:
                everything = yield from all_links(stands, None)
                known = (link["name"] for link in everything)
                raise (yield from nothing_called("NoSuchLink", "link", name, known))
        except Unavailable as error:
            raise Failure(f"{NAME}.Unavailable", text=str(error)) from error
        for link in found:
            yield link_for(link, right)

    def dns(self, right: int, probe: bool = False) -> Waiting[Answer]:
        """Return who answers names."""
        from netstrata.daemon.control.name_servers import answer_of

        report = self._resolver(probe)
        while not report.done():
            yield report

        def place_of(holder: "Holder | None") -> tuple[str, int]:
            path, number = self._place(holder)
            return path_for(path, right), number

        return answer_of(report.result(), place_of)

    def figures(self, right: int) -> Slices[Answer]:
        """Return what has been counted."""
        from netstrata.daemon.pyramid.figures import counts_of

        counts = yield from counts_of((yield from self.view.stands()))
        counted = {
            "version": VERSION,
            "uptime": time.monotonic() - self.stream.begun,
            "events": self.stream.seq,
            "errors": self.stream.errors_counted,
            "retries": self.stream.retries_counted,
            "steps": self._engine.steps,
        }
        return {"figures": {**counted, **counts}}

    def source(self, right: int) -> Answer:
        """Return the program's texts by file name, and those that people have loaded."""
        texts = [*self._program.sources, *self._program.document.sources()]
        return {"files": {one.name: one.text.decode("utf-8", "backslashreplace") for one in texts}}

    def files(self, right: int) -> Items:
        """Yield the files that are generated for programs now."""
        return (self._file(file) for file in list(self._generated.held.values()) if file.changed)

    def _file(self, file: "GeneratedFile") -> dict[str, Any]:
        process, statement = self._place(file.statement)
        told = {"name": file.name, "process": process, "statement": statement}
        return {**told, "size": file.size, "changed": file.changed}

    def _place(self, holder: "Holder | None") -> tuple[str, int]:
        """Return the process of who holds something, and the number of its statement; "" and 0 of nobody."""
        found = self._engine.holders.find(holder.number) if isinstance(holder, HolderId) else None
        statement = found if isinstance(found, Statement) else None
        return (self.stream.path_of(statement.process), statement.index + 1) if statement is not None else ("", 0)

    def show(self, right: int, name: str) -> Slices[Answer]:
        """Return what one of them holds, without secrets; `name` is looked up, and never a path."""
        file = self._generated.held.get(name)
        if file is None or not file.changed:
            raise (yield from nothing_called("NoSuchFile", "file", name, (one["name"] for one in self.files(right))))
        return {"text": file.read()}

    def allowed(self, right: int) -> Items:
        """Yield the verbs that who asks may use."""
        yield from allowed(right)

    def upgrade(self, right: int, peer: Peer) -> Waiting[Answer]:
        """Run the version that is installed by now in place of this one, and return how that went."""
        outcome = self._upgrade()
        while not outcome.done():
            yield outcome
        return outcome.result()

    def ask(self, right: int, peer: Peer, goal: str) -> Slices[Answer]:
        """Ask for a goal."""
        name = yield from self._goal(goal)
        self.stream.control(f"asked for {goal}", goal=goal, asked=True, uid=peer.uid, pid=peer.pid)
        self._engine.event(lambda: goals(self._engine).ask(name))
        return {}

    def drop(self, right: int, peer: Peer, goal: str) -> Slices[Answer]:
        """Ask for a goal no more."""
        name = yield from self._goal(goal)
        self.stream.control(f"asked for {goal} no more", goal=goal, asked=False, uid=peer.uid, pid=peer.pid)
        self._engine.event(lambda: goals(self._engine).drop(name))
        return {}

    def _goal(self, goal: str) -> Slices[bytes]:
        found = yield from find_goals((yield from self.view.stands()), also_provided=True)
        if goal not in found:
            raise (yield from nothing_called("NoSuchGoal", "goal", goal, found))
        return goal.encode()
