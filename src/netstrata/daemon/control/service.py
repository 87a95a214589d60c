"""What the control API's verbs ask of a running engine, and do to it: each in slices, so that it holds up nobody.

Each public function is the verb of its name, and takes the right of who asks, and the verb's parameters.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from netstrata.control.answers import Answer, Items, Slices
from netstrata.control.interface import NAME
from netstrata.control.verbs import OPERATE, Failure
from netstrata.daemon.events.event import Filter
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.events.walks import PROCESSES
from netstrata.daemon.pyramid.floors import pyramids
from netstrata.daemon.pyramid.goals import find_goals
from netstrata.daemon.pyramid.similar import similar_to
from netstrata.daemon.pyramid.visible import cause_for, edge_for, event_for, link_for, path_for, pyramids_for
from netstrata.daemon.pyramid.why import Why
from netstrata.engine.machine import Engine
from netstrata.engine.process import Process
from netstrata.engine.statement import UP, Statement
from netstrata.engine.structures.names.goals import goals
from netstrata.values import Source, Unavailable

if TYPE_CHECKING:
    from netstrata.system.filesystem.generated import GeneratedFile, GeneratedFiles


class ControlService:
    """One running program, as its clients see it."""

    def __init__(self, engine: Engine, stream: EventLog, sources: list[Source], generated: "GeneratedFiles") -> None:
        self._engine = engine
        self.stream = stream
        self._sources = sources
        self._generated = generated

    def _process(self, path: str, right: int) -> Slices[Process]:
        """Return a process by the name that somebody with a right sees."""
        process = yield from self._look_up(path, right)
        if process is None:
            raise (yield from self._no_process(path, right))
        return process

    def _look_up(self, path: str, right: int) -> Slices[Process | None]:
        process = self.stream.process_at(path)
        if process is not None and path_for(path, right) == path:
            return process
        if right < OPERATE and "[#" in path:
            for number, (known, process) in enumerate(self.stream.processes(), 1):
                if path_for(known, right) == path:
                    return process
                if not number % PROCESSES:
                    yield
        return None

    def _no_process(self, path: str, right: int) -> Slices[Failure]:
        known = (path_for(one, right) for one, _ in self.stream.processes())
        return (yield from _nothing_called("NoSuchProcess", "process", path, known))

    def status(self, right: int, process: str | None = None, below: bool = False) -> Items:
        """Yield processes with their floors."""
        chosen = self._engine.roots if process is None else [(yield from self._process(process, right))]
        yield from pyramids_for(pyramids(chosen, self.stream.layers, below), right)

    def why(self, right: int, process: str) -> Items:
        """Yield the chain of causes, of what is called so: a process, a template, a goal, a name, a link."""
        why = Why(self._engine, self.stream.failures)
        found = yield from self._look_up(process, right)
        if found is not None:
            yield from why.ask(found)
        elif not (yield from why.ask_by_name(process) if right >= OPERATE else why.ask_link(process)):
            raise (yield from self._no_process(process, right))
        for cause in why.causes:
            yield cause_for(cause.as_dict(), cause.quotes, right)

    def watch(
        self, right: int, after: int = 0, process: str = "", statement: str = "", child: str = "", kind: str = ""
    ) -> Items:
        """Yield events in memory that are younger than a number."""
        wish = Filter(process, statement, child, kind)
        for event in self.stream.after(after, self.stream.seq):
            takes = wish.takes(event, path_for(event.process, right))
            yield event_for(event, right) if takes else None

    def restart(self, right: int, process: str, statement: int = 1, above: bool = False) -> Slices[Answer]:
        """Undo a process from a statement on, and bring it up again."""
        found = yield from self._process(process, right)
        count = len(found.code.slots)
        if not 1 <= statement <= count:
            raise Failure(f"{NAME}.NoSuchStatement", process=process, statement=statement, statements=count)
        what = "what stands on " if above else ""
        self.stream.control(f"asked to restart {what}{process}.{statement}")
        self._engine.event(lambda: self._restart(found, statement - 1, above))
        return {}

    def _restart(self, process: Process, index: int, above: bool) -> None:
        statement = process.statements[index]
        if above:
            if statement is not None and statement.state == UP:
                process.restart(index + 1)
        else:
            process.restart(index)

    def retry(self, right: int, process: str | None = None) -> Items:
        """Try again now what could not begin, and yield the processes that did wait; each is an event of its own."""
        chosen = None if process is None else (yield from self._process(process, right))
        self.stream.control(f"asked to try {process or 'all that failed'} again")
        waiting = [one for one in self._engine.retrying if chosen in (None, one)]
        for one in waiting:
            self._engine.event(partial(self._retry, one))
        yield from map(self.stream.path_of, waiting)

    def _retry(self, process: Process) -> None:
        if process in self._engine.retrying:  # else things have moved on
            process.troubles().retries = 0  # somebody has mended something: waits are short again
            process.retry()

    def graph(self, right: int) -> Slices[Answer]:
        """Return all processes as nodes, and what one has from another as edges."""
        from netstrata.daemon.pyramid.graph import Graph

        graph = Graph(self._engine)
        yield from graph.look()
        nodes = ({**node, "process": path_for(node["process"], right)} for node in graph.nodes())
        edges = (edge_for(edge, right) if edge is not None else None for edge in graph.edges())
        return {"nodes": nodes, "edges": edges}

    def links(self, right: int, name: str | None = None) -> Items:
        """Yield the links of the system, or one of them."""
        from netstrata.daemon.pyramid.links import all_links

        try:
            found = yield from all_links(self._engine, name)
            if name is not None and not found:
                everything = yield from all_links(self._engine, None)
                known = (link["name"] for link in everything)
                raise (yield from _nothing_called("NoSuchLink", "link", name, known))
        except Unavailable as error:
            raise Failure(f"{NAME}.Unavailable", text=str(error)) from error
        for link in found:
            yield link_for(link, right)

    def figures(self, right: int) -> Slices[Answer]:
        """Return what has been counted."""
        from netstrata.daemon.pyramid.figures import figures_of

        return {"figures": (yield from figures_of(self._engine, self.stream))}

    def source(self, right: int) -> Answer:
        """Return the program's texts by file name."""
        return {"files": {one.name: one.text.decode("utf-8", "backslashreplace") for one in self._sources}}

    def files(self, right: int) -> Items:
        """Yield the files that are generated for programs now."""
        return (self._file(file) for file in list(self._generated.held.values()) if file.changed)

    def _file(self, file: "GeneratedFile") -> dict[str, Any]:
        statement = file.statement if isinstance(file.statement, Statement) else None
        return {
            "name": file.name,
            "process": self.stream.path_of(statement.process) if statement is not None else "",
            "statement": statement.index + 1 if statement is not None else 0,
            "size": file.size,
            "changed": file.changed,
        }

    def show(self, right: int, name: str) -> Slices[Answer]:
        """Return what one of them holds, without secrets; `name` is looked up, and never a path."""
        file = self._generated.held.get(name)
        if file is None or not file.changed:
            raise (yield from _nothing_called("NoSuchFile", "file", name, (one["name"] for one in self.files(right))))
        return {"text": file.read()}

    def goals(self, right: int) -> Items:
        """Yield all goals."""
        found = yield from find_goals(self._engine)
        for goal in found.values():
            yield goal.as_dict(self._engine)

    def ask(self, right: int, goal: str) -> Slices[Answer]:
        """Ask for a goal."""
        name = yield from self._goal(goal)
        self.stream.control(f"asked for {goal}")
        self._engine.event(lambda: goals(self._engine).ask(name))
        return {}

    def drop(self, right: int, goal: str) -> Slices[Answer]:
        """Ask for a goal no more."""
        name = yield from self._goal(goal)
        self.stream.control(f"asked for {goal} no more")
        self._engine.event(lambda: goals(self._engine).drop(name))
        return {}

    def _goal(self, goal: str) -> Slices[bytes]:
        found = yield from find_goals(self._engine)
        name = goal.encode()
        if name not in found:
            known = (one.decode("utf-8", "backslashreplace") for one in found)
            raise (yield from _nothing_called("NoSuchGoal", "goal", goal, known))
        return name


def _nothing_called(error: str, kind: str, name: str, known: Iterable[str]) -> Slices[Failure]:
    """Return that there is nothing of a name, with what somebody may have meant."""
    similar = yield from similar_to(name, known)
    return Failure(f"{NAME}.{error}", **{kind: name, "similar": similar})
