"""What the control API's verbs do to a running engine."""

from typing import TYPE_CHECKING, Any

from netstrata.control.interface import NAME
from netstrata.control.verbs import STEER, Failure
from netstrata.daemon.events import Event, Filter
from netstrata.daemon.goals import find_goals
from netstrata.daemon.pyramid import all_below, find_process, pyramids
from netstrata.daemon.stream import Stream
from netstrata.daemon.why import Why
from netstrata.engine.machine import Engine
from netstrata.engine.process import Process
from netstrata.engine.statement import UP, Statement
from netstrata.engine.structures.requesting import goals
from netstrata.language.spelling import did_you_mean
from netstrata.values import Source, Unavailable

if TYPE_CHECKING:
    from netstrata.system.generated import GeneratedFile, GeneratedFiles


class Steering:
    """One running program, as its clients see it."""

    def __init__(self, engine: Engine, stream: Stream, sources: list[Source], generated: "GeneratedFiles") -> None:
        self._engine = engine
        self.stream = stream
        self._sources = sources
        self._generated = generated

    def _process(self, path: str) -> Process:
        process = find_process(self._engine, path)
        if process is None:
            known = [self.stream.path_of(p) for root in self._engine.roots for p in (root, *all_below(root))]
            like = did_you_mean(path, known)
            raise Failure(f"{NAME}.NoSuchProcess", process=path, similar=[like] if like else known[:20])
        return process

    def status(self, process: str | None, below: bool, right: int) -> list[dict[str, Any]]:
        """Return processes with their floors."""
        chosen = self._engine.roots if process is None else [self._process(process)]
        found = pyramids(chosen, self.stream.layers, below)
        if right < STEER:
            for floor in (floor for one in found for floor in one["floors"]):
                if not is_public(floor["name"]):
                    floor.pop("values", None)
        return found

    def why(self, process: str) -> list[dict[str, Any]]:
        """Return the chain of causes."""
        why = Why(self._engine, self.stream.failures)
        if not why.ask_by_name(process):
            self._process(process)  # refuses it, with what there is
        return [cause.as_dict() for cause in why.causes]

    def events(self, after: int, wanted: dict[str, str], right: int) -> list[dict[str, Any]]:
        """Return events in memory that are younger than a number."""
        wish = Filter(**wanted)
        return [told_to(event, right) for event in self.stream.after(after, self.stream.seq) if wish.takes(event)]

    def restart(self, process: str, statement: int, above: bool) -> None:
        """Undo a process from a statement on, and bring it up again."""
        found = self._process(process)
        count = len(found.statements)
        if not 1 <= statement <= count:
            raise Failure(f"{NAME}.NoSuchStatement", process=process, statement=statement, statements=count)
        what = "what stands on " if above else ""
        self.stream.control(f"asked to restart {what}{process}.{statement}")
        self._engine.event(lambda: self._restart(found, statement - 1, above))

    def _restart(self, process: Process, index: int, above: bool) -> None:
        statement = process.statements[index]
        if above:
            if statement is not None and statement.state == UP:
                process.restart(index + 1)
        else:
            process.restart(index)

    def graph(self) -> dict[str, Any]:
        """Return all processes as nodes, and what one has from another as edges."""
        from netstrata.daemon.graph import Graph

        graph = Graph(self._engine)
        return {"nodes": graph.nodes(), "edges": graph.edges()}

    def links(self, name: str | None) -> list[dict[str, Any]]:
        """Return the links of the system."""
        from netstrata.daemon.links import all_links

        try:
            found = all_links(self._engine, name)
            if name is not None and not found:
                known = [link["name"] for link in all_links(self._engine, None)]
                like = did_you_mean(name, known)
                raise Failure(f"{NAME}.NoSuchLink", link=name, similar=[like] if like else known[:20])
        except Unavailable as error:
            raise Failure(f"{NAME}.Unavailable", text=str(error)) from error
        return found

    def figures(self) -> dict[str, Any]:
        """Return what has been counted."""
        from netstrata.daemon.figures import figures_of

        return figures_of(self._engine, self.stream)

    def sources(self) -> dict[str, str]:
        """Return the program's texts by file name."""
        return {source.name: source.text.decode("utf-8", "backslashreplace") for source in self._sources}

    def files(self) -> list[dict[str, Any]]:
        """Return the files that are generated for programs now."""
        return [self._file(file) for file in self._generated.held.values() if file.changed]

    def _file(self, file: "GeneratedFile") -> dict[str, Any]:
        statement = file.statement if isinstance(file.statement, Statement) else None
        return {
            "name": file.name,
            "process": self.stream.path_of(statement.process) if statement is not None else "",
            "statement": statement.index + 1 if statement is not None else 0,
            "size": file.size,
            "changed": file.changed,
        }

    def show(self, name: str) -> str:
        """Return what one of them holds; `name` is looked up, and never a path."""
        file = self._generated.held.get(name)
        if file is None or not file.changed:
            known = [one["name"] for one in self.files()]
            like = did_you_mean(name, known)
            raise Failure(f"{NAME}.NoSuchFile", file=name, similar=[like] if like else known[:20])
        return file.read()

    def goals(self) -> list[dict[str, Any]]:
        """Return all goals."""
        return [goal.as_dict(self._engine) for goal in find_goals(self._engine).values()]

    def ask(self, goal: str) -> None:
        """Ask for a goal."""
        name = self._goal(goal)
        self.stream.control(f"asked for {goal}")
        self._engine.event(lambda: goals(self._engine).ask(name))

    def drop(self, goal: str) -> None:
        """Ask for a goal no more."""
        name = self._goal(goal)
        self.stream.control(f"asked for {goal} no more")
        self._engine.event(lambda: goals(self._engine).drop(name))

    def _goal(self, goal: str) -> bytes:
        found = find_goals(self._engine)
        name = goal.encode("utf-8", "surrogatepass")
        if name not in found:
            known = [one.decode("utf-8", "backslashreplace") for one in found]
            like = did_you_mean(goal, known)
            raise Failure(f"{NAME}.NoSuchGoal", goal=goal, similar=[like] if like else known[:20])
        return name


def is_public(name: str) -> bool:
    """Say whether anybody may see the variables of a statement: those that tell of the network, which is no secret.

    What the program itself holds (`var`, `value`, …) may be a password.
    """
    return name.startswith("net.")


def told_to(event: Event, right: int) -> dict[str, Any]:
    """Return an event as somebody with a right may see it."""
    told = event.as_dict()
    told.pop("codes", None)  # of a recording
    if right < STEER:
        if not is_public(event.place.name):
            told.pop("values", None)
        told.pop("account", None)  # it quotes the program
    return told
