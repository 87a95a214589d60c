"""The best of several providers of one name: dynamic_provide, dynamic_depend."""

from heapq import heappop, heappush
from typing import Final

from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import ANY, TEXT
from netstrata.engine.process import DOWN, DYING, UP, Named, Statement, Waiting
from netstrata.engine.referent import Referent
from netstrata.engine.structure import structure, takes
from netstrata.values import Refused, Value, compare

RANKED: Final = "ranked names"


class Rank:
    """A provider's place among those of its name."""

    __slots__ = ("order", "provider")

    def __init__(self, order: Value, provider: "DynamicProvide") -> None:
        self.order = order
        self.provider = provider

    def __lt__(self, other: "Rank") -> bool:
        return compare(self.order, other.order) < 0


class Contest:
    """All who provide one name, and all who depend on it.  Lists of dependents are walked from the youngest."""

    __slots__ = ("bound", "current", "moving", "providers", "ranks", "taken", "waiting")

    def __init__(self) -> None:
        self.providers: dict[Value, DynamicProvide] = {}  # those who may become current, by their order value
        self.ranks: list[Rank] = []  # a heap; those who have left are taken out when they come to its top
        self.taken: dict[Value, None] = {}  # order values in use, also by those who are dying
        self.current: DynamicProvide | None = None
        self.bound: dict[DynamicDepend, None] = {}
        self.waiting: dict[DynamicDepend, None] = {}
        self.moving = False  # those bound were taken down; when all have let go the best takes over

    def best(self) -> "DynamicProvide | None":
        """Return the provider with the smallest order value."""
        ranks = self.ranks
        while ranks and self.providers.get(ranks[0].order) is not ranks[0].provider:
            heappop(ranks)  # it has left
        return ranks[0].provider if ranks else None

    def move(self) -> None:
        """Let all go, to be bound to the best."""
        if self.moving:
            return
        self.moving = True
        if not self.bound:
            self.bind_best()
            return
        for depend in reversed(list(self.bound)):
            depend.down()

    def bind_best(self) -> None:
        """Make the best current: nobody is bound any more."""
        self.moving = False
        old = self.current
        self.current = self.best()
        if old is not None and old.state == DYING:
            old.leave()
        if self.current is not None:
            for depend in reversed(list(self.waiting)):
                depend.bind()

    def let_go(self, depend: "DynamicDepend") -> None:
        """Somebody is not bound any more."""
        del self.bound[depend]
        if self.moving and not self.bound:
            self.bind_best()


def _contest(statement: Statement, value: Value) -> Contest:
    if not isinstance(value, bytes):
        raise TEXT.refusal(0)
    shared = statement.process.engine.shared
    contests: dict[bytes, Contest] = shared.setdefault("dynamic_provide", {})
    return contests.setdefault(value, Contest())


class DynamicProvide(Statement):
    """Provides a name, with an order value."""

    __slots__ = ("contest", "name", "order")

    def names_of(self) -> list[Named]:
        """Return what it provides."""
        return [(self.name, 0)]

    def begin(self, values: list[Value]) -> None:
        """Be up, and take over if it is the best."""
        contest = _contest(self, values[0])
        order = values[1]
        if order in contest.taken:
            raise Refused("another provider of this name has the same order value", argument=1)
        self.contest = contest
        self.name = values[0]
        self.order = order
        contest.taken[order] = None
        contest.providers[order] = self
        heappush(contest.ranks, Rank(order, self))
        self.up()
        if contest.current is None:
            contest.bind_best()
        elif contest.best() is self:
            contest.move()

    def bears(self) -> list[Statement]:
        """Return who is bound to it."""
        return [*self.contest.bound] if self.contest.current is self else []

    def die(self) -> None:
        """Leave at once, or, being current, when nobody is bound any more."""
        contest = self.contest
        del contest.providers[self.order]
        if contest.current is not self:
            self.leave()
        else:
            contest.move()

    def leave(self) -> None:
        """Be gone."""
        del self.contest.taken[self.order]
        self.dead()


class DynamicDepend(Statement):
    """Up while bound to the best provider of a name."""

    __slots__ = ("contest", "name")

    def begin(self, values: list[Value]) -> None:
        """Be up if there is a provider, else wait."""
        self.contest = _contest(self, values[0])
        self.name = values[0] if isinstance(values[0], bytes) else b""
        self.contest.waiting[self] = None
        if self.contest.current is not None and not self.contest.moving:
            self.bind()

    def waits_for(self) -> Waiting | None:
        """Say that nobody provides it."""
        word = self.name.decode("utf-8", "replace")
        return Waiting(f'nothing provides "{word}"', names=[(RANKED, self.name)])

    def names_of(self) -> list[Named]:
        """Return what it depends on."""
        return [(self.name, 0)]

    def provided_by(self) -> Statement | None:
        """Return the current provider, if it is bound to that."""
        return self.contest.current if self in self.contest.bound else None

    def bind(self) -> None:
        """Be up, bound to the current provider."""
        del self.contest.waiting[self]
        self.contest.bound[self] = None
        self.up()

    def answers(self) -> bool:
        """Answer while down, too."""
        return self.state == UP or self.state == DOWN

    def member(self, name: str) -> Referent | None:
        """Look a name up in the provider's place."""
        provider = self.contest.current
        if provider is None or self not in self.contest.bound:
            return None
        return provider.process.find(name, provider.index)

    def clean(self) -> None:
        """Let go, and wait for the next provider."""
        if self in self.contest.bound:
            self.contest.waiting[self] = None
            self.contest.let_go(self)

    def die(self) -> None:
        """Let go."""
        if self in self.contest.bound:
            self.contest.let_go(self)
        else:
            self.contest.waiting.pop(self, None)
        self.dead()


_EXAMPLE = """
    Example:
        process slow { var("wlan0") link; dynamic_provide("NET", "20"); }
        process fast { var("eth0") link; dynamic_provide("NET", "10"); }
        process user { sleep("5"); dynamic_depend("NET") d; println(d.link); exit("0"); }  # eth0
    """
structure(
    "dynamic_provide",
    DynamicProvide,
    takes(("name", TEXT), ("order", ANY)),
    "Provide a name; of several providers the one with the smallest order value is current.\n" + _EXAMPLE,
    roles=Roles(provides=RANKED),
)
structure(
    "dynamic_depend",
    DynamicDepend,
    takes(("name", TEXT)),
    "Be up while bound to the current provider of a name; its names can be read as members.\n" + _EXAMPLE,
    roles=Roles(wants=RANKED),
)
