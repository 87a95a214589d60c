"""Processes that run beside the one that started them: spawn, its join, synchronous_process."""

from typing import cast

from netstrata.contract.shapes.common import LIST
from netstrata.contract.shapes.templates import TEMPLATE
from netstrata.engine.machine import engine_of
from netstrata.engine.process import DOWN, DYING, NONE, UP, Process, Statement, Waiting
from netstrata.engine.referent import Referent
from netstrata.engine.structure import structure, takes
from netstrata.engine.structures.processes.call import ScopeOf, argument_list, template_name
from netstrata.values import Value


class Spawn(Statement):
    """A process beside this one.  Its joins are walked from the youngest to the oldest."""

    __slots__ = ("child", "complete", "dirty", "joins")

    def begin(self, values: list[Value]) -> None:
        """Be up, then create the process."""
        arguments = argument_list(values, 1)
        code = engine_of(self.process).template(template_name(values, 0), self)
        self.joins: dict[Join, None] = {}
        self.dirty: dict[Join, None] = {}  # joins that went down and have not been cleaned
        self.complete = False
        self.up()
        self.child: Process | None = Process(self.process.engine, code, self, arguments)

    def special(self, name: str) -> Referent | None:
        """Give `_caller`."""
        return ScopeOf(self) if name == "_caller" else None

    def bears(self) -> list[Statement]:
        """Return its joins that are up."""
        return [join for join in self.joins if join.state == UP]

    def stands_on(self, process: Process) -> list[Statement]:
        """Return its joins that are up."""
        return self.bears()

    def child_up(self, process: Process) -> None:
        """Bring the joins up."""
        self.complete = True
        if self.state != DYING:
            for join in reversed(list(self.joins)):
                join.joined()

    def child_down(self, process: Process) -> None:
        """Take the joins down; the process goes on when all of them are clean."""
        self.complete = False
        self._take_joins_down()
        if not self.dirty and self.state != DYING:
            process.go_on()

    def _take_joins_down(self) -> None:
        for join in reversed(list(self.joins)):
            if join.state == UP:
                del self.joins[join]
                self.dirty[join] = None
                join.down()

    def join_clean(self, join: "Join") -> None:
        """A join is clean."""
        if join in self.dirty:
            del self.dirty[join]
            self.joins[join] = None
            self._no_longer_waited_for()

    def join_gone(self, join: "Join") -> None:
        """A join is gone."""
        if join in self.dirty:
            del self.dirty[join]
            self._no_longer_waited_for()
        else:
            self.joins.pop(join, None)

    def _no_longer_waited_for(self) -> None:
        if self.dirty or self.child is None:
            return
        if self.state == DYING:
            self.child.terminate()
        else:
            self.child.go_on()

    def processes(self) -> list[Process]:
        """Return the process."""
        return [self.child] if self.child is not None else []

    def die(self) -> None:
        """Take the joins down, then undo the process."""
        self._take_joins_down()
        if self.child is None:
            self.dead()
        elif not self.dirty:
            self.child.terminate()

    def child_gone(self, process: Process) -> None:
        """Be dead; joins that are left stay down for good."""
        self.child = None
        for join in self.joins:
            join.spawn = None
        self.dead()


class Join(Statement):
    """Up while a spawned process is complete."""

    __slots__ = ("spawn",)

    def begin(self, values: list[Value]) -> None:
        """Be up if the process is complete."""
        spawn = cast(Spawn, self.target)
        self.spawn: Spawn | None = spawn
        spawn.joins[self] = None
        if spawn.complete and spawn.state == UP:
            self.up()

    def joined(self) -> None:
        """Be up: the process is complete."""
        if self.state == DOWN:
            self.up()

    def answers(self) -> bool:
        """Answer while down, too."""
        return self.state == UP or self.state == DOWN

    def member(self, name: str) -> Referent | None:
        """Look a name up at the end of the spawned process."""
        child = self.spawn.child if self.spawn is not None else None
        return child.find(name, len(child.code.slots)) if child is not None else None

    def waits_for(self) -> Waiting | None:
        """Say that it waits for the spawned process."""
        if self.spawn is None:
            return Waiting("what it joined is gone, for good")
        return Waiting("waits for the spawned process", self.spawn.processes())

    def clean(self) -> None:
        """Tell the spawn."""
        if self.spawn is not None:
            self.spawn.join_clean(self)

    def die(self) -> None:
        """Leave the spawn."""
        if self.spawn is not None and self.spawn.state != NONE:
            self.spawn.join_gone(self)
        self.dead()


_DOC = """Start a process from a template beside this one, and be up whatever it does.

Inside, `_arg0` … are the arguments, and `_caller` is what can be seen here.

Example:
    process main { spawn("helper", {"x"}); sleep("10"); exit("0"); }
    template helper { println("helping with ", _arg0); }  # helping with x
"""
structure("spawn", Spawn, takes(("template", TEMPLATE), ("arguments", LIST)), _DOC)
structure(
    "synchronous_process",
    Spawn,
    takes(("template", TEMPLATE), ("arguments", LIST)),
    _DOC.replace("spawn(", "synchronous_process(").replace("beside this one", "beside this one (old name of `spawn`)"),
)
structure(
    "spawn::join",
    Join,
    (),
    """Be up while the spawned process is complete; what it names can be read as members.

    Example:
        process main { spawn("helper", {}) s; s->join() j; println(j.result); exit("0"); }
        template helper { sleep("5"); var("done") result; }  # done
    """,
)
