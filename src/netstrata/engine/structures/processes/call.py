"""Statements that run a template in their place: call, call_with_caller_target, embcall, inline_code, its call."""

from typing import cast

from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import ANY, LIST, TEXT
from netstrata.contract.shapes.templates import EMBEDDED, NO_TEMPLATE, TEMPLATE
from netstrata.engine.machine import engine_of
from netstrata.engine.process import DOWN, UP, Process, Statement, Waiting
from netstrata.engine.referent import PathRef, Referent
from netstrata.engine.structure import rest, structure, takes
from netstrata.values import List, Value
from netstrata.values.compiler_hints import mypyc_attr

IN_PLACE = Roles(calls=True)


def template_name(values: list[Value], index: int) -> bytes:
    """Return an argument that is a template name."""
    value = values[index]
    if not isinstance(value, bytes):
        raise TEMPLATE.refusal(index)
    return value


def argument_list(values: list[Value], index: int) -> List:
    """Return an argument that is a list of arguments."""
    value = values[index]
    if not isinstance(value, List):
        raise LIST.refusal(index)
    return value


@mypyc_attr(acyclic=True, free_list_len=1)
class ScopeOf(Referent):
    """All that can be seen from a statement's place: `_caller`, `_scope`."""

    __slots__ = ("statement",)

    def __init__(self, statement: Statement) -> None:
        self.statement = statement

    def member(self, name: str) -> Referent | None:
        """Look a name up just before the statement."""
        return self.statement.process.find(name, self.statement.index)


@mypyc_attr(acyclic=True)
class Caller(Statement):
    """A statement that is up while the process it created is complete."""

    __slots__ = ("child",)

    def run_template(self, template: bytes, arguments: List | None) -> None:
        """Create the process, or be up at once if there is nothing to run."""
        self.child: Process | None = None
        if template == NO_TEMPLATE:
            self.up()
        else:
            self.child = engine_of(self.process).create(template, self, arguments)

    def answers(self) -> bool:
        """Answer while down, too."""
        return self.state == UP or self.state == DOWN

    def member(self, name: str) -> Referent | None:
        """Look a name up at the end of the process."""
        child = self.child
        return child.find(name, len(child.code.slots)) if child is not None else None

    def special(self, name: str) -> Referent | None:
        """Give `_caller`."""
        return ScopeOf(self) if name == "_caller" else None

    def stands_on(self, process: Process) -> list[Statement]:
        """Return itself."""
        return [self]

    def child_up(self, process: Process) -> None:
        """Be up."""
        self.up()

    def child_down(self, process: Process) -> None:
        """Be down; the process goes on when all above this statement is gone."""
        self.down()

    def clean(self) -> None:
        """Let the process go on."""
        if self.child is not None:
            self.child.go_on()

    def processes(self) -> list[Process]:
        """Return the process."""
        return [self.child] if self.child is not None else []

    def waits_for(self) -> Waiting | None:
        """Say that it waits for the process."""
        return Waiting("waits for what it runs", self.processes())

    def die(self) -> None:
        """Undo the process first."""
        if self.child is None:
            self.dead()
        else:
            self.child.terminate()

    def child_gone(self, process: Process) -> None:
        """Be dead."""
        self.child = None
        self.dead()


@mypyc_attr(acyclic=True)
class Call(Caller):
    """Runs a template with arguments."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Create the process."""
        self.run_template(template_name(values, 0), argument_list(values, 1))


structure(
    "call",
    Call,
    takes(("template", TEMPLATE), ("arguments", LIST)),
    """Run a template in this place, and be up when all of it is; what it names can be read as members.

    Inside, `_arg0` … are the arguments, and `_caller` is what can be seen here.

    Example:
        call("<none>", {});
        println("nothing was called");  # nothing was called
    """,
    roles=IN_PLACE,
)


class CallWithCallerTarget(Caller):
    """Runs a template whose `_caller` is one object."""

    __slots__ = ("path",)

    def begin(self, values: list[Value]) -> None:
        """Create the process."""
        template = template_name(values, 0)
        arguments = argument_list(values, 1)
        path = values[2]
        if not isinstance(path, bytes):
            raise TEXT.refusal(2)
        self.path = tuple(path.decode("latin-1").split("."))
        self.run_template(template, arguments)

    def special(self, name: str) -> Referent | None:
        """Give `_caller`."""
        return TargetOf(self) if name == "_caller" else None


class TargetOf(Referent):
    """What a path names at the moment, seen from a statement's place."""

    __slots__ = ("statement",)

    def __init__(self, statement: CallWithCallerTarget) -> None:
        self.statement = statement

    def stands_for(self) -> Referent | None:
        """Return the path, as what is seen from the statement's place."""
        statement = self.statement
        return PathRef(statement.process.find(statement.path[0], statement.index), statement.path)


structure(
    "call_with_caller_target",
    CallWithCallerTarget,
    takes(("template", TEMPLATE), ("arguments", LIST), ("target", TEXT)),
    """Run a template in this place, with `_caller` being the object that a dotted path names.

    Example:
        var("x") v;
        call_with_caller_target("<none>", {}, "v");
        println(v);  # x
    """,
    roles=IN_PLACE,
)


@mypyc_attr(acyclic=True, free_list_len=1)
class Embedded(Caller):
    """Runs a template that sees all that can be seen here: the body of an If."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Create the process."""
        self.run_template(template_name(values, 0), None)

    def special(self, name: str) -> Referent | None:
        """Add nothing of its own."""
        return None

    def scope(self) -> Statement | None:
        """Let names be looked up in this place."""
        return self


structure(
    "embcall",
    Embedded,
    takes(("template", EMBEDDED)),
    """Run a template in this place that sees every name that can be seen here; `If` is made of it.

    Example:
        embcall("<none>");
        If ("true") { println("yes"); };  # yes
    """,
    roles=IN_PLACE._replace(runs="one"),
)


class InlineCode(Statement):
    """A template to be called later, in the scope of this place: a Block."""

    __slots__ = ("template",)

    def begin(self, values: list[Value]) -> None:
        """Remember the template."""
        self.template = template_name(values, 0)
        self.up()


structure(
    "inline_code",
    InlineCode,
    takes(("template", EMBEDDED)),
    """Keep a template to be called later in the scope of this place; `Block` is made of it.

    Example:
        Block { println("called with ", _arg0); } b;
        b->call("x");  # called with x
    """,
    roles=Roles(runs=""),
)


class InlineCodeCall(Caller):
    """Runs a Block with arguments."""

    __slots__ = ("block",)

    def begin(self, values: list[Value]) -> None:
        """Create the process."""
        self.block = cast(InlineCode, self.target)
        self.target = None
        self.run_template(self.block.template, List(list(values)))

    def special(self, name: str) -> Referent | None:
        """Give `_caller`, which is here, and `_scope`, which is where the Block stands."""
        if name == "_caller":
            return ScopeOf(self)
        if name == "_scope" and self.block.state:
            return ScopeOf(self.block)
        return None

    def scope(self) -> Statement | None:
        """Let names be looked up where the Block stands, as long as it stands."""
        return self.block if self.block.state else None


structure(
    "inline_code::call",
    InlineCodeCall,
    rest("arguments", ANY),
    """Run a Block with arguments.

    Example:
        Block { println("called with ", _arg0); } b;
        b->call("x");  # called with x
    """,
    roles=IN_PLACE,
)
