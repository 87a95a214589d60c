"""Processes by name, and one on demand: process_manager, ondemand."""

from typing import cast

from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import ANY, LIST
from netstrata.contract.shapes.templates import TEMPLATE
from netstrata.engine.loop_guard import place_of, reaches_outside
from netstrata.engine.machine import engine_of
from netstrata.engine.process import DOWN, DYING, TERMINATING, UP, Owner, Process, Statement, Waiting
from netstrata.engine.referent import Referent
from netstrata.engine.retry_state import FREE_ROUNDS, Rounds
from netstrata.engine.structure import maybe, structure, takes
from netstrata.engine.structures.processes.call import ScopeOf, argument_list, template_name
from netstrata.engine.timeline_statement import TimelineStatement
from netstrata.engine.timers import Timer
from netstrata.values import List, Refused, Value

RETRY_MS = 10_000
MOST_WORDS = 4  # of a list that a process is called by
LONGEST_LABEL = 60  # characters of these
MOST_ACCOUNTS = 64  # of names, before those are forgotten that nothing is wrong with


class Managed(Owner):
    """One managed process: it runs, waits to be created, or is stopping, perhaps to start anew."""

    __slots__ = ("arguments", "manager", "name", "process", "restart", "rounds", "template", "timer")

    def __init__(self, manager: "ProcessManager", name: Value | None, template: bytes, arguments: List) -> None:
        self.manager = manager
        self.name = name
        self.template = template
        self.arguments = arguments
        self.process: Process | None = None
        self.timer: Timer | None = None
        self.restart: List | None = None  # start again with these once gone
        self.rounds = manager.rounds.get(name) if name is not None else None  # how often it was stopped soon

    def creator(self) -> Statement:
        """Return the manager."""
        return self.manager

    def special(self, name: str) -> Referent | None:
        """Give `_caller`, which is the manager's place."""
        return ScopeOf(self.manager) if name == "_caller" else None

    def label(self) -> str:
        """Return the name it was started with, else what it was called with, as far as that is strings."""
        words = _words_of(self.arguments if self.name is None else self.name)
        return f"[{words}]" if words else ""

    def start(self) -> None:
        """Create the process, now or, if there is no such template, after another try."""
        self.timer = None
        engine = engine_of(self.manager.process)
        if self.rounds is not None and self.rounds.is_loop:
            self.manager.note(f"starting {self.label() or 'one'} again")
        try:
            self.process = engine.create(self.template, self, self.arguments)
            if self.rounds is not None:
                engine.guard.starts(self.rounds, self.process)
        except Refused as error:
            engine.observer.failed(self.manager.process, self.manager.slot, error)
            self.timer = engine.timers.after(RETRY_MS, self.start)

    def start_or_wait(self) -> None:
        """Create the process, or let it wait, if it was stopped soon each time."""
        rounds = self.rounds
        if rounds is None or not rounds.is_loop:
            self.start()
            return
        engine = self.manager.process.engine
        delay = engine.retry.delay(rounds.number - FREE_ROUNDS - 1)
        begun = place_of(rounds.guilty) if rounds.guilty is not None else "it"
        line = f"{self.label() or 'one'} was stopped {rounds.number} times in a row, each time when {begun} had begun"
        self.timer = engine.timers.after(delay, self.start)
        self.manager.again(line, delay)

    def _count(self) -> None:
        """Count a stop, if what was begun outside may be why: what reacts to events does that for ever."""
        manager = self.manager
        if self.name is None or manager.state == DYING:
            return
        if self.rounds is None and self.process is not None and reaches_outside(self.process):
            self.rounds = manager.account(self.name)
        if self.rounds is not None:
            engine_of(manager.process).guard.ends(self.rounds, manager.process.engine)

    def stop(self) -> None:
        """Undo the process, or do not create it after all."""
        self._count()
        self.restart = None
        if self.process is None:
            if self.timer is not None:
                self.timer.cancel()
            self.manager.managed_gone(self)
        elif self.process.mode != TERMINATING:
            self.process.terminate()

    def child_down(self, process: Process) -> None:
        """Let it go on."""
        process.go_on()

    def child_gone(self, process: Process) -> None:
        """Start anew if asked, else be gone."""
        self.process = None
        if self.restart is not None and self.manager.state != DYING:
            self.arguments = self.restart
            self.restart = None
            self.start_or_wait()
        else:
            self.manager.managed_gone(self)


def _words_of(value: Value) -> str:
    """Return a string, or those of a list, as the label of a process."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, List):
        return ""
    words = ",".join(
        [one.decode("utf-8", "replace") for one in value.elements()[:MOST_WORDS] if isinstance(one, bytes)]
    )
    return words if len(words) <= LONGEST_LABEL else f"{words[:LONGEST_LABEL]}…"


class ProcessManager(TimelineStatement):
    """Processes that are started and stopped by name."""

    __slots__ = ("all", "named", "rounds")

    def begin(self, values: list[Value]) -> None:
        """Be up."""
        self.all: dict[Managed, None] = {}
        self.named: dict[Value, Managed] = {}
        self.rounds: dict[Value, Rounds] = {}  # of those that were stopped, by name
        self.up()

    def account(self, name: Value) -> Rounds:
        """Count from now on how often the process of a name is stopped; those that stood well are forgotten."""
        if len(self.rounds) >= MOST_ACCOUNTS:
            self.rounds = {one: rounds for one, rounds in self.rounds.items() if rounds.is_loop}
        rounds = self.rounds[name] = Rounds()
        rounds.waits = True
        return rounds

    def trouble(self) -> str:
        """Say which process is not started since it was stopped each time."""
        waits = any(one.timer is not None and one.rounds is not None and one.rounds.is_loop for one in self.all)
        return self.last_line if waits else ""

    def managed_gone(self, managed: Managed) -> None:
        """Forget a process; be dead if it was the last that was waited for."""
        del self.all[managed]
        if managed.name is not None:
            del self.named[managed.name]
        if self.state == DYING and not self.all:
            self.dead()

    def processes(self) -> list[Process]:
        """Return the managed processes."""
        return [managed.process for managed in self.all if managed.process is not None]

    def waits_for(self) -> Waiting | None:
        """Say that it waits for its processes to be gone."""
        return Waiting("waits until its processes are gone", self.processes())

    def die(self) -> None:
        """Stop all, the oldest first."""
        if not self.all:
            self.dead()
            return
        for managed in list(self.all):
            managed.stop()


class ManagerStart(Statement):
    """Starts a managed process."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then start the process if none of that name runs."""
        named = len(values) == 3
        template = template_name(values, 1 if named else 0)
        arguments = argument_list(values, 2 if named else 1)
        manager = cast(ProcessManager, self.target)
        self.up()
        if manager.state == DYING:
            return
        name = values[0] if named else None
        managed = manager.named.get(name) if name is not None else None
        if managed is None:
            managed = Managed(manager, name, template, arguments)
            manager.all[managed] = None
            if name is not None:
                manager.named[name] = managed
            managed.start_or_wait()
        elif managed.process is not None and managed.process.mode == TERMINATING and managed.restart is None:
            managed.restart = arguments


class ManagerStop(Statement):
    """Stops a managed process."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then stop the process if there is one of that name."""
        manager = cast(ProcessManager, self.target)
        self.up()
        managed = manager.named.get(values[0])
        if managed is not None and manager.state != DYING:
            managed.stop()


_MANAGED = """
    Example:
        process main {
            process_manager() m;
            m->start("one", "worker", {"x"});  # up x
            m->stop("one");  # down
            exit("0");
        }
        template worker { println("up ", _arg0); rprintln("down"); }
    """
structure("process_manager", ProcessManager, (), "Start and stop processes by name.\n" + _MANAGED)
structure(
    "process_manager::start",
    ManagerStart,
    maybe("name", ANY) + takes(("template", TEMPLATE), ("arguments", LIST)),
    "Start a process from a template; nothing happens if one of that name runs.\n" + _MANAGED,
)
structure(
    "process_manager::stop",
    ManagerStop,
    takes(("name", ANY)),
    "Stop the process of that name; nothing happens if there is none.\n" + _MANAGED,
)


class OnDemand(Statement):
    """A process that runs while somebody demands it."""

    __slots__ = ("arguments", "child", "complete", "demands", "template")

    def begin(self, values: list[Value]) -> None:
        """Be up; nothing runs yet."""
        self.template = template_name(values, 0)
        self.arguments = argument_list(values, 1)
        self.child: Process | None = None
        self.complete = False
        self.demands: dict[Demand, None] = {}
        self.up()

    def start(self) -> None:
        """Create the process.

        Raises: Refused if there is no such template.
        """
        self.child = engine_of(self.process).create(self.template, self, self.arguments)

    def bears(self) -> list[Statement]:
        """Return the demands that are up."""
        return [demand for demand in self.demands if demand.state == UP]

    def stands_on(self, process: Process) -> list[Statement]:
        """Return the demands that are up."""
        return self.bears()

    def child_up(self, process: Process) -> None:
        """Bring the demands up."""
        self.complete = True
        for demand in list(self.demands):
            if demand.state == DOWN:
                demand.up()

    def child_down(self, process: Process) -> None:
        """Let it go on, and take the demands down."""
        process.go_on()
        self._take_down()

    def _take_down(self) -> None:
        self.complete = False
        for demand in list(self.demands):
            if demand.state == UP:
                demand.down()

    def released(self) -> None:
        """Undo the process if nobody demands it any more."""
        if not self.demands and self.child is not None and self.child.mode != TERMINATING:
            self.complete = False
            self.child.terminate()

    def processes(self) -> list[Process]:
        """Return the process."""
        return [self.child] if self.child is not None else []

    def die(self) -> None:
        """Undo the process."""
        if self.child is None:
            self._end()
            return
        if self.child.mode != TERMINATING:
            self.child.terminate()
        self._take_down()

    def child_gone(self, process: Process) -> None:
        """Create it again if it is demanded; be dead if that is what was waited for."""
        self.child = None
        if self.state == DYING:
            self._end()
        elif self.demands:
            try:
                self.start()
            except Refused as error:
                for demand in list(self.demands):
                    del self.demands[demand]
                    demand.failed(error)

    def _end(self) -> None:
        for demand in list(self.demands):
            del self.demands[demand]
            demand.dead()
        self.dead()


class Demand(Statement):
    """Up while a process on demand is complete."""

    __slots__ = ("ondemand",)

    def begin(self, values: list[Value]) -> None:
        """Ask for the process."""
        self.ondemand = cast(OnDemand, self.target)
        if self.ondemand.child is None and self.ondemand.state != DYING:
            self.ondemand.start()
        self.ondemand.demands[self] = None
        if self.ondemand.complete:
            self.up()

    def member(self, name: str) -> Referent | None:
        """Look a name up at the end of the process."""
        child = self.ondemand.child
        return child.find(name, len(child.code.slots)) if child is not None else None

    def waits_for(self) -> Waiting | None:
        """Say that it waits for the process."""
        return Waiting("waits for the process on demand", self.ondemand.processes())

    def die(self) -> None:
        """No longer ask for it."""
        self.ondemand.demands.pop(self, None)
        self.ondemand.released()
        self.dead()


_DEMANDED = """
    Example:
        process main { ondemand("service", {}) s; s->demand() d; println(d.x); exit("0"); }
        template service { var("served") x; }  # served
    """
structure(
    "ondemand",
    OnDemand,
    takes(("template", TEMPLATE), ("arguments", LIST)),
    "Run one process from a template while somebody demands it.\n" + _DEMANDED,
    roles=Roles(runs=""),
)
structure("ondemand::demand", Demand, (), "Ask for the process, and be up while it is complete.\n" + _DEMANDED)
