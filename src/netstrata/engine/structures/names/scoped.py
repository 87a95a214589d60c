"""Providing by any value, in a scope: depend_scope, its provide and depend; multiprovide, multidepend."""

from typing import Final, cast

from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import ANY, LIST
from netstrata.engine.process import DOWN, DYING, UP, Named, Statement, Waiting
from netstrata.engine.referent import Referent
from netstrata.engine.structure import structure, takes
from netstrata.engine.structures.names.turns import first_difference
from netstrata.language.valuetext import format_value
from netstrata.values import List, Refused, Value

# Name spaces.
IN_SCOPE: Final = "a scope"
ANYWHERE: Final = "values"


class Scope:
    """A name space of providers, and of those who would have one of several."""

    __slots__ = ("number", "providers", "wanting")

    def __init__(self, number: int) -> None:
        """Make a name space; the program's is number 0, any other has one of its own."""
        self.number = number
        self.providers: dict[Value, ScopedProvide] = {}
        self.wanting: dict[Value, dict[ScopedDepend, None]] = {}


class DependScope(Statement):
    """A name space of its own."""

    __slots__ = ("names",)

    def begin(self, values: list[Value]) -> None:
        """Be up."""
        self.names = Scope(id(self))
        self.up()


class ScopedProvide(Statement):
    """Provides a value in a scope."""

    __slots__ = ("bound", "name", "names")

    def scope_of_names(self) -> Scope:
        """Return the scope that it provides in."""
        return cast(DependScope, self.target).names

    def names_of(self) -> list[Named]:
        """Return what it provides."""
        return [(self.name, self.names.number)]

    def begin(self, values: list[Value]) -> None:
        """Be up, then let those who want it choose anew."""
        self.name = values[0]
        self.names = self.scope_of_names()
        self.bound: dict[ScopedDepend, None] = {}
        if self.name in self.names.providers:
            other = self.names.providers[self.name]
            raise Refused(f"this is already provided, in process {other.process.code.name}", argument=0)
        self.names.providers[self.name] = self
        self.up()
        for depend in list(self.names.wanting.get(self.name, ())):
            depend.appeared(self)

    def bears(self) -> list[Statement]:
        """Return who depends on it."""
        return [*self.bound]

    def die(self) -> None:
        """Take down who depends on it, and wait until they have let go."""
        if not self.bound:
            self.leave()
            return
        for depend in list(self.bound):
            depend.leave_slowly()

    def waits_for(self) -> Waiting | None:
        """Say who still depends on it."""
        return Waiting("waits until nobody depends on it", [depend.process for depend in self.bound])

    def leave(self) -> None:
        """Be gone: nobody depends on it any more."""
        del self.names.providers[self.name]
        self.dead()


class ScopedDepend(Statement):
    """Up while one of several values is provided; the earliest of them is taken.

    Where the machine compares, it turns from one provider to another as soon as all above is undone that would have
    begun otherwise with the other one, and stays up.
    """

    __slots__ = ("choices", "names", "provider", "turning")

    def scope_of_names(self) -> Scope:
        """Return the scope that it looks in."""
        return cast(DependScope, self.target).names

    def names_of(self) -> list[Named]:
        """Return what would do, the best first."""
        return [(choice, self.names.number) for choice in self.choices]

    def provided_by(self) -> Statement | None:
        """Return its provider."""
        return self.provider

    def begin(self, values: list[Value]) -> None:
        """Be up if one is provided, else wait."""
        choices = values[0]
        if not isinstance(choices, List):
            raise LIST.refusal(0)
        self.choices: dict[Value, int] = {}
        for rank, choice in enumerate(choices.elements()):
            self.choices.setdefault(choice, rank)
        self.names = self.scope_of_names()
        self.provider: ScopedProvide | None = None
        self.turning = False  # once all is undone that differs
        for choice in self.choices:
            self.names.wanting.setdefault(choice, {})[self] = None
        self._choose()

    def _best(self) -> ScopedProvide | None:
        """Return the provider of the earliest value that one provides."""
        for choice in self.choices:
            provider = self.names.providers.get(choice)
            if provider is not None and provider.state != DYING:
                return provider
        return None

    def _choose(self) -> None:
        provider = self._best()
        if provider is not None:
            self.provider = provider
            provider.bound[self] = None
            self.up()

    def waits_for(self) -> Waiting | None:
        """Say that nobody provides any of them."""
        words = ", ".join(format_value(choice).decode("utf-8", "replace") for choice in self.choices)
        return Waiting(
            f"nothing provides any of {words}", names=[(self.declaration.roles.wants, c) for c in self.choices]
        )

    def appeared(self, provider: ScopedProvide) -> None:
        """Take a new provider, if it is a better one than what it has."""
        if self.state not in (DOWN, UP):
            return
        if self.provider is None:
            self._choose()
        elif self.choices[provider.name] < self.choices[self.provider.name]:
            self.leave_slowly()

    def leave_slowly(self) -> None:
        """Go down, or turn to another provider; this one is let go of when all above is gone that stands on it."""
        if self.state != UP or self.turning:
            return
        if self.process.engine.compares and self._best() is not None:
            self.turning = True
            self._turn()
        else:
            self.down()

    def _turn(self) -> None:
        """Have another provider, if nothing is left above that differs with it; else have that undone first."""
        process, best, old = self.process, self._best(), self.provider
        if best is None or old is None:
            self.turning = False
            self.down()
            return
        first = process.advance if best is old else first_difference(self, self._show, best, old)
        if first < process.advance or process.advance < process.free:
            process.troubles().turns[self] = self._turn
            process.restart(first)
            return
        self.turning = False
        left = None
        if best is not old:
            left = self._let_go()
            self.provider = best
            best.bound[self] = None
            if process.engine.watched:
                process.engine.observer.restarted(self)
        process.redo_from(first)
        if left is not None:
            left.leave()  # and is undone first: its process comes to the top

    def _show(self, provider: Statement) -> None:
        """Let names be looked up in a provider's place."""
        self.provider = cast(ScopedProvide, provider)

    def _let_go(self) -> ScopedProvide | None:
        """Let go of the provider; return it if it waits only for this."""
        provider = self.provider
        if provider is None:
            return None
        self.provider = None
        del provider.bound[self]
        return provider if provider.state == DYING and not provider.bound else None

    def clean(self) -> None:
        """Let go, and choose anew."""
        left = self._let_go()
        self._choose()
        if left is not None:
            left.leave()

    def die(self) -> None:
        """Let go."""
        if self.turning:
            self.process.troubles().turns.pop(self, None)
        left = self._let_go()
        for choice in self.choices:
            wanting = self.names.wanting[choice]
            del wanting[self]
            if not wanting:
                del self.names.wanting[choice]
        if left is not None:
            left.leave()
        self.dead()

    def answers(self) -> bool:
        """Answer while down, too."""
        return self.state == UP or self.state == DOWN

    def member(self, name: str) -> Referent | None:
        """Look a name up in the provider's place."""
        provider = self.provider
        return provider.process.find(name, provider.index) if provider is not None else None


def _program_scope(statement: Statement) -> Scope:
    """Return the one scope of the whole program."""
    shared = statement.process.engine.shared
    found = shared.get("multiprovide")
    if found is None:
        found = shared["multiprovide"] = Scope(0)
    assert isinstance(found, Scope)
    return found


class MultiProvide(ScopedProvide):
    """Provides a value in the program's scope."""

    __slots__ = ()

    def scope_of_names(self) -> Scope:
        """Return the program's scope."""
        return _program_scope(self)


class MultiDepend(ScopedDepend):
    """Depends on one of several values in the program's scope."""

    __slots__ = ()

    def scope_of_names(self) -> Scope:
        """Return the program's scope."""
        return _program_scope(self)


_TURNS = """
    When another one is taken, what is above is undone from the first statement on whose arguments are others with it;
    under `netstrata-ncd` all of it is, as in NCD.
    """
_SCOPED = """
    Example:
        depend_scope() s;
        var("eth0") link;
        s->provide({"uplink", "1"});
        s->depend({{"uplink", "0"}, {"uplink", "1"}}) d;
        println(d.link);  # eth0
    """
_MULTI = """
    Example:
        process wired { var("eth0") link; multiprovide("NET-wired"); }
        process user { multidepend({"NET-wired", "NET-wireless"}) d; println(d.link); exit("0"); }  # eth0
    """
structure("depend_scope", DependScope, (), "Make a name space in which values are provided.\n" + _SCOPED)
structure(
    "depend_scope::provide",
    ScopedProvide,
    takes(("name", ANY)),
    "Provide a value in the scope; who depends on it sees all names of this place.\n" + _SCOPED,
    roles=Roles(provides=IN_SCOPE),
)
structure(
    "depend_scope::depend",
    ScopedDepend,
    takes(("names", LIST)),
    "Be up while one of several values is provided in the scope: the earliest in the list.\n" + _TURNS + _SCOPED,
    roles=Roles(wants=IN_SCOPE),
)
structure(
    "multiprovide",
    MultiProvide,
    takes(("name", ANY)),
    "Provide a value; who depends on it sees all names of this place.\n" + _MULTI,
    roles=Roles(provides=ANYWHERE),
)
structure(
    "multidepend",
    MultiDepend,
    takes(("names", LIST)),
    "Be up while one of several values is provided: the earliest in the list.\n" + _TURNS + _MULTI,
    roles=Roles(wants=ANYWHERE),
)
