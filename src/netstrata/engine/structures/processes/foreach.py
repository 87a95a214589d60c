"""Statements that run a template once for each element: foreach, foreach_emb."""

from netstrata.contract import Shape
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import LIST, TEXT
from netstrata.contract.shapes.templates import EMBEDDED, TEMPLATE
from netstrata.engine.machine import engine_of
from netstrata.engine.process import DOWN, TERMINATING, UP, Owner, Process, Statement, Waiting
from netstrata.engine.referent import Plain, Referent
from netstrata.engine.structure import maybe, structure, takes
from netstrata.engine.structures.processes.call import ScopeOf, argument_list, template_name
from netstrata.engine.timers import Timer
from netstrata.values import List, Map, Refused, Value
from netstrata.values.compiler_hints import mypyc_attr

COLLECTION = Shape[Value](
    "a collection",
    "a list or a map",
    lambda value: None if isinstance(value, bytes) else value,
    lambda value: value,
    ("{}", "[]"),
    ('"x"',),
)


@mypyc_attr(acyclic=True)
class Element(Owner):
    """One element's process."""

    __slots__ = ("foreach", "number", "process")

    def __init__(self, foreach: "Foreach", number: int) -> None:
        self.foreach = foreach
        self.number = number
        self.process: Process | None = None

    def creator(self) -> Statement:
        """Return the foreach."""
        return self.foreach

    def special(self, name: str) -> Referent | None:
        """Give the element under the names that the statement chose."""
        return self.foreach.element_name(self.number, name)

    def label(self) -> str:
        """Return the element's index."""
        return f"[{self.number}]"

    def scope(self) -> Statement | None:
        """Let names be looked up in the statement's place, if it is a Foreach."""
        return self.foreach.scope()

    def stands_on(self, process: Process) -> list[Statement]:
        """Return the foreach."""
        return [self.foreach]

    def comes_after(self, process: Process) -> list[Process]:
        """Return the processes of later elements."""
        later = self.foreach.running[self.number + 1 :]
        return [element.process for element in later if element.process is not None]

    def child_up(self, process: Process) -> None:
        """Tell the foreach."""
        self.foreach.element_up(self)

    def child_down(self, process: Process) -> None:
        """Tell the foreach."""
        self.foreach.element_down(self)

    def child_gone(self, process: Process) -> None:
        """Tell the foreach."""
        self.process = None
        self.foreach.element_gone(self)


class Foreach(Statement):
    """Runs a template for each element in turn; up when all are complete.

    `running` are the elements with a process, `good` how many of these from the start are known to be complete or
    are the last one.  Elements beyond `good` are undone, last first, before the one that moved goes on.
    """

    __slots__ = ("arguments", "count", "good", "items", "keys", "moved", "names", "running", "template", "timer")

    def begin(self, values: list[Value]) -> None:
        """Start the first element."""
        self.template = template_name(values, 1)
        self.arguments: List | None = argument_list(values, 2)
        self.names: tuple[str, str] = ("", "")
        self.start(values[0])

    def start(self, collection: Value) -> None:
        """Take the elements, and start the first."""
        self.keys: list[Value] | None = None
        if isinstance(collection, List):
            # A list that grows meanwhile may share this storage: only so many elements are meant.
            self.items: list[Value] = collection.items
            self.count = collection.size
        elif isinstance(collection, Map):
            self.keys = collection.keys()
            self.items = [collection.entries[key] for key in self.keys]
            self.count = len(self.items)
        else:
            raise COLLECTION.refusal(0)
        self.running: list[Element] = []
        self.good = 0
        self.moved = False  # the last good element went down, and has not been told to go on
        self.timer: Timer | None = None
        if self.count:
            self._start_next()
        else:
            self.up()

    def _start_next(self) -> None:
        self.timer = None
        element = Element(self, len(self.running))
        try:
            element.process = engine_of(self.process).create(self.template, element, self.arguments)
        except Refused as error:
            engine = self.process.engine
            engine.observer.failed(self.process, self.slot, error)
            self.timer = engine.timers.after(engine.retry.delay(0), self._retry)
            return
        self.running.append(element)
        self.good = len(self.running)

    def _retry(self) -> None:
        if self.timer is not None:
            self._start_next()

    def element_name(self, number: int, name: str) -> Referent | None:
        """Return what a name means in the process of one element."""
        if name == "_caller":
            return ScopeOf(self)
        if self.keys is None:
            if name == "_index":
                return Plain(b"%d" % number)
            return Plain(self.items[number]) if name == "_elem" else None
        if name == "_key":
            return Plain(self.keys[number])
        return Plain(self.items[number]) if name == "_val" else None

    def element_up(self, element: Element) -> None:
        """Start the next element, or be up if this was the last."""
        if len(self.running) == self.count:
            self.up()
        else:
            self._start_next()

    def element_down(self, element: Element) -> None:
        """Be down, undo the later elements, then let this one go on."""
        self.good = min(self.good, element.number + 1)
        self.moved = True
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.state == UP:
            self.down()
        elif self.state == DOWN and not self.fell:
            self._undo_later()

    def clean(self) -> None:
        """Undo the later elements, then let the one that moved go on."""
        self._undo_later()

    def _undo_later(self) -> None:
        if len(self.running) > self.good:
            self._terminate_last()
        elif self.moved:
            self.moved = False
            process = self.running[-1].process
            if process is not None:
                process.go_on()

    def _terminate_last(self) -> None:
        process = self.running[-1].process
        if process is not None and process.mode != TERMINATING:
            process.terminate()

    def element_gone(self, element: Element) -> None:
        """Go on with undoing."""
        self.running.pop()
        if self.state == DOWN:
            self._undo_later()
        elif self.running:
            self._terminate_last()
        else:
            self.dead()

    def processes(self) -> list[Process]:
        """Return the elements' processes."""
        return [element.process for element in self.running if element.process is not None]

    def waits_for(self) -> Waiting | None:
        """Say at which element it is."""
        if self.timer is not None:
            return Waiting(f"waits to try again: no template named {self.template.decode('utf-8', 'replace')}")
        return Waiting(f"is at element {len(self.running)} of {len(self.items)}", self.processes()[-1:])

    def die(self) -> None:
        """Undo the elements, last first."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.running:
            self._terminate_last()
        else:
            self.dead()


structure(
    "foreach",
    Foreach,
    takes(("collection", COLLECTION), ("template", TEMPLATE), ("arguments", LIST)),
    """Run a template for each element in turn, and be up when all are.

    Inside, `_index` and `_elem` (for a map `_key` and `_val`) are the element, `_arg0` … the arguments, and `_caller`
    is what can be seen here.

    Example:
        process main { foreach({"a", "b"}, "letter", {"."}); println(); exit("0"); }  # a.b.
        template letter { print(_elem, _arg0); }
    """,
    roles=Roles(runs="each"),
)


class EmbeddedForeach(Foreach):
    """Runs a template for each element with the names chosen in the text, seeing all that can be seen here."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Start the first element."""
        self.template = template_name(values, 1)
        self.arguments = None
        chosen: list[str] = []
        for index in range(2, len(values)):
            name = values[index]
            if not isinstance(name, bytes):
                raise TEXT.refusal(index)
            chosen.append(name.decode("latin-1"))
        self.names = (chosen[0], chosen[1] if len(chosen) > 1 else "")
        self.start(values[0])

    def scope(self) -> Statement | None:
        """Let names be looked up in this place."""
        return self

    def element_name(self, number: int, name: str) -> Referent | None:
        """Return the element, or its key or index, if it has that name."""
        first, second = self.names
        if name == first:
            if self.keys is not None:
                return Plain(self.keys[number])
            return Plain(b"%d" % number) if second else Plain(self.items[number])
        if second and name == second:
            return Plain(self.items[number])
        return None


structure(
    "foreach_emb",
    EmbeddedForeach,
    takes(("collection", COLLECTION), ("template", EMBEDDED), ("name", TEXT)) + maybe("second", TEXT),
    """Run a template for each element in turn, seeing all names of this place; `Foreach` is made of it.

    One name is the element, or the key of a map; two are index and element, or key and value.

    Example:
        Foreach (["k": "v"] As key: value) { println(key, value); };  # kv
    """,
    roles=Roles(runs="each"),
)
