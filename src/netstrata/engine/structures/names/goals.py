"""What comes up only while somebody asks for it, by name: on_request, require.

    a person ──asks──┐
                     ├─> goal ──> on_request is up ──> … ──> provide ──> require is up
    require ──asks───┘

A goal is asked for as long as a person asks, or any `require` of that name stands.
"""

from netstrata.contract.roles import NAMES, Roles
from netstrata.contract.shapes.common import TEXT
from netstrata.engine.process import DOWN, UP, EngineState, Named, Statement, Waiting
from netstrata.engine.structure import structure, takes
from netstrata.engine.structures.names.dependencies import Depend
from netstrata.values import Value


class Goals:
    """Who asks for what, and what comes up for it: one for the whole program."""

    __slots__ = ("asked", "required", "standing")

    def __init__(self) -> None:
        self.asked: dict[bytes, None] = {}  # by people
        self.required: dict[bytes, dict[Require, None]] = {}
        self.standing: dict[bytes, dict[OnRequest, None]] = {}

    def only_for(self, require: "Require") -> "list[OnRequest]":
        """Return what comes up for a goal, if nobody asks for that but one statement."""
        asking = self.required.get(require.name, {})
        others = require.name in self.asked or len(asking) > 1 or require not in asking
        return [] if others else [*self.standing.get(require.name, ())]

    def wanted(self, name: bytes) -> bool:
        """Say whether anybody asks for a goal."""
        return name in self.asked or name in self.required

    def ask(self, name: bytes) -> None:
        """Ask for a goal, as a person; once more changes nothing."""
        self.asked[name] = None
        self._look(name)

    def drop(self, name: bytes) -> None:
        """Ask for it no more, as a person; others may."""
        self.asked.pop(name, None)
        self._look(name)

    def require(self, name: bytes, require: "Require") -> None:
        """Ask for a goal, as a statement."""
        self.required.setdefault(name, {})[require] = None
        self._look(name)

    def release(self, name: bytes, require: "Require") -> None:
        """Ask for it no more, as a statement."""
        requires = self.required.get(name)
        if requires is not None:
            requires.pop(require, None)
            if not requires:
                del self.required[name]
        self._look(name)

    def _look(self, name: bytes) -> None:
        """Bring up what comes up for a goal, or take it down."""
        for statement in list(self.standing.get(name, ())):
            statement.look()


def goals(engine: EngineState) -> Goals:
    """Return the program's goals."""
    found = engine.shared.get("goals")
    if found is None:
        found = engine.shared["goals"] = Goals()
    assert isinstance(found, Goals)
    return found


class OnRequest(Statement):
    """Up while somebody asks for a goal."""

    __slots__ = ("name",)

    def begin(self, values: list[Value]) -> None:
        """Be up if it is asked for, else wait."""
        name = values[0]
        if not isinstance(name, bytes):
            raise TEXT.refusal(0)
        self.name = name
        here = goals(self.process.engine)
        here.standing.setdefault(name, {})[self] = None
        if here.wanted(name):
            self.up()

    def names_of(self) -> list[Named]:
        """Return the goal."""
        return [(self.name, 0)]

    def look(self) -> None:
        """Go up or down, if somebody asks for it now, or nobody any more; not up while what stood on it is left."""
        wanted = goals(self.process.engine).wanted(self.name)
        if wanted and self.state == DOWN and not self.fell:
            self.up()
        elif not wanted and self.state == UP:
            self.down()

    def clean(self) -> None:
        """Be up again, if somebody has asked for it meanwhile."""
        self.look()

    def waits_for(self) -> Waiting | None:
        """Say how to ask for it."""
        word = self.name.decode("utf-8", "replace")
        return Waiting(f"nobody asked for it: netstrata up {word}")

    def die(self) -> None:
        """Be no more what comes up for it."""
        here = goals(self.process.engine)
        standing = here.standing[self.name]
        del standing[self]
        if not standing:
            del here.standing[self.name]
        self.dead()


class Require(Depend):
    """Asks for a goal, and is up while it is provided."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Ask for it; be up if it is provided, else wait."""
        super().begin(values)
        goals(self.process.engine).require(self.name, self)

    def bears(self) -> list[Statement]:
        """Return what comes up for it, if nobody else asks."""
        return [*goals(self.process.engine).only_for(self)]

    def die(self) -> None:
        """Let go, and ask no more."""
        super().die()
        goals(self.process.engine).release(self.name, self)


_EXAMPLE = """
    Example:
        process internet { on_request("internet"); var("eth0") link; provide("internet"); }
        process main { require("internet") way; println("through ", way.link); exit("0"); }  # through eth0
    """
structure(
    "on_request",
    OnRequest,
    takes(("goal", TEXT)),
    """Be up while somebody asks for a goal: a person by `netstrata up`, or a `require`.

    What follows comes up when it is asked for, and is undone when nobody asks any more.
    """
    + _EXAMPLE,
    roles=Roles(raised_by=NAMES),
)
structure(
    "require",
    Require,
    takes(("goal", TEXT)),
    """Ask for a goal, and be up while something is provided under its name.

    It is a `depend` that asks: what is `on_request` for the goal comes up, with what that requires in turn.
    """
    + _EXAMPLE,
    roles=Roles(wants=NAMES, asks=True),
)
