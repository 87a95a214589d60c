"""Statements that run a template to its end and undo it: do, try, and what breaks them."""

from typing import cast

from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import LIST, TEXT, TRUTH
from netstrata.contract.shapes.templates import EMBEDDED, NO_TEMPLATE, TEMPLATE
from netstrata.engine.machine import engine_of
from netstrata.engine.process import DYING, UP, Owner, Process, Statement, Waiting
from netstrata.engine.referent import Referent
from netstrata.engine.structure import gives, maybe, structure, takes
from netstrata.engine.structures.processes.call import ScopeOf, argument_list, template_name
from netstrata.values import TRUE, List, Refused, Value, boolean
from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(acyclic=True)
class Handle(Referent):
    """What `_try` and `_do` are: the attempt itself, to break it."""

    __slots__ = ("attempt", "kind")

    def __init__(self, attempt: "Attempt", kind: str) -> None:
        self.attempt = attempt
        self.kind = kind

    def type(self) -> str:
        """Return `try.try` or `do.do`."""
        return self.kind


class Attempt(Statement):
    """Runs a template until it is complete or broken, undoes it, and then is up."""

    __slots__ = ("body", "ending", "succeeded", "template")

    def start(self, template: bytes, arguments: List | None) -> None:
        """Create the body."""
        self.template = template
        self.succeeded = True
        self.ending = False  # the body was told to terminate
        self.body: Process | None = engine_of(self.process).create(template, self, arguments)

    def child_up(self, process: Process) -> None:
        """Undo the body: it is complete."""
        self.end_body()

    def end_body(self) -> None:
        """Undo the body."""
        self.ending = True
        if self.body is not None:
            self.body.terminate()

    def child_down(self, process: Process) -> None:
        """Let it go on; this cannot be, since a complete body is undone at once."""
        process.go_on()

    def child_gone(self, process: Process) -> None:
        """Be up, or dead if that is what was waited for."""
        self.body = None
        if self.state == DYING:
            self.body_gone_while_dying()
        else:
            self.up()

    def body_gone_while_dying(self) -> None:
        """Be dead."""
        self.dead()

    def break_off(self) -> None:
        """Note the failure, and undo the body if that is not being done."""
        self.succeeded = False
        if self.body is not None and not self.ending:
            self.end_body()

    def die(self) -> None:
        """Undo the body, if it is still there."""
        if self.body is None:
            self.dead()
        elif not self.ending:
            self.end_body()

    def processes(self) -> list[Process]:
        """Return the body's process."""
        return [self.body] if self.body is not None else []

    def has_run(self) -> bytes:
        """Return the body's template once the body ends."""
        return self.template if self.body is None or self.ending else b""

    def waits_for(self) -> Waiting | None:
        """Say that it waits for its body."""
        return Waiting("waits for its body", self.processes())

    def variable(self, name: str) -> Value | None:
        """Return `succeeded`."""
        return boolean(self.succeeded) if name == "succeeded" else None


class Try(Attempt):
    """An attempt with arguments, which asserts can break."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Create the body."""
        self.start(template_name(values, 0), argument_list(values, 1))

    def special(self, name: str) -> Referent | None:
        """Give `_try` and `_caller`."""
        if name == "_try":
            return Handle(self, "try.try")
        return ScopeOf(self) if name == "_caller" else None


structure(
    "try",
    Try,
    takes(("template", TEMPLATE), ("arguments", LIST)),
    """Run a template until it is complete or an assert in it fails, undo it, and be up.

    Inside, `_try->assert(condition)` ends the attempt unless the condition is `true`.

    Example:
        process main { try("attempt", {"no"}) t; println(t.succeeded); exit("0"); }
        template attempt { _try->assert(_arg0); println("not reached"); }  # false
    """,
    gives(succeeded=TRUTH),
)


class TryAssert(Statement):
    """Breaks an attempt unless a condition is `true`."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then break the attempt if need be."""
        condition = values[0]
        if not isinstance(condition, bytes):
            raise TEXT.refusal(0)
        self.up()
        if condition != TRUE:
            cast(Handle, self.target).attempt.break_off()


structure(
    "try.try::assert",
    TryAssert,
    takes(("condition", TEXT)),
    """End the attempt as failed unless the condition is exactly `true`.

    Example:
        process main { try("attempt", {"no"}) t; println(t.succeeded); exit("0"); }
        template attempt { _try->assert(_arg0); println("not reached"); }  # false
    """,
)


class Interruption(Owner):
    """The process that runs when a Do is told to die before its body is complete."""

    __slots__ = ("attempt", "ending", "process")

    def __init__(self, attempt: "Do") -> None:
        self.attempt = attempt
        self.ending = False
        self.process: Process | None = None

    def creator(self) -> Statement:
        """Return the Do."""
        return self.attempt

    def label(self) -> str:
        """Tell it from the body."""
        return "[interrupt]"

    def special(self, name: str) -> Referent | None:
        """Give `_do`."""
        return self.attempt.special(name)

    def scope(self) -> Statement | None:
        """Let names be looked up in the place of the Do."""
        return self.attempt

    def end(self) -> None:
        """Undo the process."""
        if not self.ending and self.process is not None:
            self.ending = True
            self.process.terminate()

    def child_up(self, process: Process) -> None:
        """Undo it: it is complete."""
        self.end()

    def child_gone(self, process: Process) -> None:
        """Let the Do be dead, if its body is gone, too."""
        self.process = None
        self.attempt.interruption_gone()


class Do(Attempt):
    """An attempt that sees all that can be seen here, with another template for the case that it is interrupted."""

    __slots__ = ("interrupt", "interruption")

    def begin(self, values: list[Value]) -> None:
        """Create the body."""
        self.interrupt = template_name(values, 1) if len(values) > 1 else NO_TEMPLATE
        self.interruption: Interruption | None = None
        self.start(template_name(values, 0), None)

    def special(self, name: str) -> Referent | None:
        """Give `_do`."""
        return Handle(self, "do.do") if name == "_do" else None

    def scope(self) -> Statement | None:
        """Let names be looked up in this place."""
        return self

    def end_body(self) -> None:
        """Undo what runs: the request to the interruption comes first, so the body acts first."""
        if self.interruption is not None:
            self.interruption.end()
        super().end_body()

    def die(self) -> None:
        """Undo the body, or leave it running beside the interruption."""
        if self.body is None or self.ending or self.interrupt == NO_TEMPLATE:
            super().die()
            return
        interruption = Interruption(self)
        try:
            interruption.process = engine_of(self.process).create(self.interrupt, interruption, None)
        except Refused as error:
            self.process.engine.observer.failed(self.process, self.slot, error)
            super().die()
            return
        self.interruption = interruption

    def processes(self) -> list[Process]:
        """Return the processes of body and interruption."""
        found = super().processes()
        if self.interruption is not None and self.interruption.process is not None:
            found.append(self.interruption.process)
        return found

    def body_gone_while_dying(self) -> None:
        """Be dead, if the interruption is gone, too."""
        if self.interruption is None:
            self.dead()

    def interruption_gone(self) -> None:
        """Be dead, if the body is gone, too."""
        self.interruption = None
        if self.body is None:
            self.dead()


structure(
    "do",
    Do,
    takes(("template", EMBEDDED)) + maybe("interrupt", EMBEDDED),
    """Run a template that sees all names of this place until it is complete, undo it, and be up; `Do` is made of it.

    Inside, `_do->break()` ends it early.  If this statement must go before the body is complete and there is an
    interrupt template, that is run beside the body instead of undoing the body.

    Example:
        Do { println("in"); rprintln("out"); } d;
        # in
        # out
        println(d.succeeded);  # true
    """,
    gives(succeeded=TRUTH),
    roles=Roles(runs="first"),
)


class DoBreak(Statement):
    """Ends a Do as failed."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then end the Do."""
        self.up()
        cast(Handle, self.target).attempt.break_off()


class DoReverseBreak(Statement):
    """Ends a Do as failed when this statement is undone."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up."""
        self.up()

    def die(self) -> None:
        """Be dead, then end the Do."""
        self.dead()
        attempt = cast(Handle, self.target).attempt
        if attempt.state and attempt.state != UP:
            attempt.break_off()


structure(
    "do.do::break",
    DoBreak,
    (),
    """End the Do as failed: its body is undone.

    Example:
        Do { _do->break(); println("not reached"); } d;
        println(d.succeeded);  # false
    """,
)
structure(
    "do.do::rbreak",
    DoReverseBreak,
    (),
    """End the Do as failed when this statement is undone.

    Example:
        Do { _do->rbreak(); } d;
        println(d.succeeded);  # false
    """,
)
