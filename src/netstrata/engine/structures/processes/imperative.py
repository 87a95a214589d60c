"""imperative: one template run to its end on the way up, another on the way down."""

from netstrata.contract.shapes.common import LIST, MILLISECONDS
from netstrata.contract.shapes.templates import NO_TEMPLATE, TEMPLATE
from netstrata.engine.machine import engine_of
from netstrata.engine.process import DYING, Process, Statement, Waiting
from netstrata.engine.referent import Referent
from netstrata.engine.structure import structure, takes
from netstrata.engine.structures.processes.call import ScopeOf, argument_list, template_name
from netstrata.engine.timers import Timer
from netstrata.values import Refused, Value


class Imperative(Statement):
    """Runs templates as if they were commands."""

    __slots__ = ("child", "ending", "template", "timeout", "timer", "undo", "undo_arguments", "undoing")

    def begin(self, values: list[Value]) -> None:
        """Run the first template, to be undone when it is complete."""
        template = self.template = template_name(values, 0)
        arguments = argument_list(values, 1)
        self.undo = template_name(values, 2)
        self.undo_arguments = argument_list(values, 3)
        timeout = MILLISECONDS.read(values[4])
        if timeout is None:
            raise MILLISECONDS.refusal(4)
        self.timeout = timeout
        self.child: Process | None = None
        self.timer: Timer | None = None
        self.undoing = False
        self.ending = False  # the process at hand was told to terminate
        if template == NO_TEMPLATE:
            self.up()
        else:
            self.child = engine_of(self.process).create(template, self, arguments)

    def special(self, name: str) -> Referent | None:
        """Give `_caller`."""
        return ScopeOf(self) if name == "_caller" else None

    def child_up(self, process: Process) -> None:
        """Undo it: it is complete."""
        self._end_child()

    def child_down(self, process: Process) -> None:
        """Let it go on."""
        process.go_on()

    def _end_child(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if not self.ending and self.child is not None:
            self.ending = True
            self.child.terminate()

    def child_gone(self, process: Process) -> None:
        """Be up, or go on with dying."""
        self.child = None
        self.ending = False
        if self.undoing:
            self.dead()
        elif self.state == DYING:
            self._begin_undo()
        else:
            self.up()

    def has_run(self) -> bytes:
        """Return the first template once its process ends."""
        return self.template if self.child is None or self.ending else b""

    def processes(self) -> list[Process]:
        """Return the process."""
        return [self.child] if self.child is not None else []

    def waits_for(self) -> Waiting | None:
        """Say that it waits for the process."""
        return Waiting("waits for what it runs", self.processes())

    def die(self) -> None:
        """Run the second template, after the first is over."""
        if self.child is None:
            self._begin_undo()

    def _begin_undo(self) -> None:
        self.undoing = True
        engine = engine_of(self.process)
        if self.undo == NO_TEMPLATE:
            self.dead()
            return
        try:
            self.child = engine.create(self.undo, self, self.undo_arguments)
        except Refused as error:
            engine.observer.failed(self.process, self.slot, error)
            self.dead()
            return
        self.timer = engine.timers.after(self.timeout, self._timed_out)

    def _timed_out(self) -> None:
        self.timer = None
        self._end_child()


structure(
    "imperative",
    Imperative,
    takes(
        ("up", TEMPLATE),
        ("up_arguments", LIST),
        ("down", TEMPLATE),
        ("down_arguments", LIST),
        ("timeout", MILLISECONDS),
    ),
    """Run one template to its end on the way up, and another on the way down, for at most a time.

    Example:
        process main {
            imperative("say", {"hello"}, "say", {"bye"}, "1000");  # hello
            println("between");  # between
            exit("0");  # bye
        }
        template say { println(_arg0); }
    """,
)
