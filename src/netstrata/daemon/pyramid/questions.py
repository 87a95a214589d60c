"""What can be asked of a program, whether it runs or was recorded: the verbs that what stands and events answer."""

from collections.abc import Iterable
from typing import Protocol

from netstrata.control.answers import Answer, Items, Slices
from netstrata.control.interface import NAME
from netstrata.control.verbs import OPERATE, Failure
from netstrata.daemon.events.event import Event, Filter
from netstrata.daemon.pyramid.floors import pyramids
from netstrata.daemon.pyramid.projection import SLICE, Projection
from netstrata.daemon.pyramid.similar import similar_to
from netstrata.daemon.pyramid.standing import Standing
from netstrata.daemon.pyramid.visible import cause_for, edge_for, event_for, path_for, placed_in, pyramids_for


class PastEvents(Protocol):
    """Events in memory."""

    @property
    def seq(self) -> int:
        """The number of the last event."""

    @property
    def id(self) -> str:
        """The id of the log that they are of, "" if it is a recording."""

    def after(self, seq: int, most: int) -> list[Event]:
        """Return the oldest events in memory that are younger than a number, at most so many."""


class View(Protocol):
    """What stands."""

    def stands(self) -> Slices[Projection]:
        """Return what stands now."""

    def time(self) -> float:
        """Return the time that it is, in monotonic seconds."""

    def let_go(self) -> None:
        """Forget what stands, if it can be told again: nobody asks any more."""


def check_log(log: str, timeline: PastEvents) -> None:
    """See that numbers of events are those of a log that somebody has seen, if he says which.

    Raises: Failure.
    """
    if log and log != timeline.id:
        raise Failure(f"{NAME}.OtherLog", log=timeline.id)


class Questions:
    """Each public function is the verb of its name, and takes the right of who asks, and the verb's parameters."""

    def __init__(self, view: View, timeline: PastEvents) -> None:
        self.view = view
        self._timeline = timeline

    def status(self, right: int, process: str | None = None, below: bool = False) -> Items:
        """Yield processes with their floors."""
        stands = yield from self.view.stands()
        chosen = [*stands.roots.values()]
        if process is not None:
            found = yield from _look_up(stands, process, right)
            if found is None:
                raise (yield from _no_process(stands, process, right))
            chosen = [found]
        yield from pyramids_for(pyramids(stands, chosen, below), right)

    def why(self, right: int, process: str) -> Items:
        """Yield the chain of causes, of what is called so: a process, a template, a goal, a name, a link."""
        from netstrata.daemon.pyramid.why import Why

        stands = yield from self.view.stands()
        why = Why(stands, self.view.time())
        found = yield from _look_up(stands, process, right)
        if found is not None:
            yield from why.ask(found)
        elif not (yield from why.ask_by_name(process) if right >= OPERATE else why.ask_link(process)):
            raise (yield from _no_process(stands, process, right))
        for cause in why.causes:
            yield cause_for(cause.as_dict(), cause.quotes, right)

    def watch(
        self,
        right: int,
        after: int = 0,
        log: str = "",
        process: str = "",
        statement: str = "",
        child: str = "",
        kind: str = "",
    ) -> Items:
        """Yield events in memory that are younger than a number."""
        check_log(log, self._timeline)
        wish = Filter(process, statement, child, kind)
        for event in self._timeline.after(after, self._timeline.seq):
            takes = wish.takes(event, path_for(event.process, right))
            told = event_for(event, right) if takes else None
            yield placed_in(self._timeline.id, told) if told is not None else None

    def graph(self, right: int) -> Slices[Answer]:
        """Return all processes as nodes, and what one has from another as edges."""
        from netstrata.daemon.pyramid.graph import Graph

        graph = Graph((yield from self.view.stands()))
        yield from graph.look()
        nodes = ({**node, "process": path_for(node["process"], right)} for node in graph.nodes())
        edges = (edge_for(edge, right) if edge is not None else None for edge in graph.edges())
        return {"nodes": nodes, "edges": edges}

    def goals(self, right: int) -> Items:
        """Yield all goals."""
        from netstrata.daemon.pyramid.goals import find_goals

        found = yield from find_goals((yield from self.view.stands()))
        for goal in found.values():
            yield goal.as_dict()


def _look_up(stands: Projection, path: str, right: int) -> Slices[Standing | None]:
    """Return a process by the name that somebody with a right sees."""
    if path_for(path, right) == path:
        process = stands.find(path)
        if process is not None:
            return process
    if right < OPERATE and "[#" in path:
        for number, known in enumerate(stands.known, 1):
            if path_for(known, right) == path:
                return stands.find(known)
            if not number % SLICE:
                yield
    return None


def _no_process(stands: Projection, path: str, right: int) -> Slices[Failure]:
    return (yield from nothing_called("NoSuchProcess", "process", path, (path_for(one, right) for one in stands.known)))


def nothing_called(error: str, kind: str, name: str, known: Iterable[str]) -> Slices[Failure]:
    """Return that there is nothing of a name, with what somebody may have meant."""
    similar = yield from similar_to(name, known)
    return Failure(f"{NAME}.{error}", **{kind: name, "similar": similar})
