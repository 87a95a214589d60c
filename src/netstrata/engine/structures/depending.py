"""What one process provides and others depend on, by name: provide, provide_event, depend."""

from netstrata.contract.shapes import TEXT
from netstrata.engine.machine import Engine
from netstrata.engine.statement import DOWN, DYING, UP, Statement
from netstrata.engine.structure import structure, takes
from netstrata.engine.surroundings import Waiting
from netstrata.engine.thing import Thing
from netstrata.values import Refused, Value
from netstrata.values.compiling import mypyc_attr


class Chain:
    """Depends in the order in which they came, each in one chain at a time; adding and taking out cost the same always.

    Most hold a single one, and there is one for each provider: a dict would take six times the memory.
    """

    __slots__ = ("first", "last")

    def __init__(self) -> None:
        self.first: Depend | None = None
        self.last: Depend | None = None

    def add(self, depend: "Depend") -> None:
        """Add one at the end."""
        depend.before = self.last
        depend.after = None
        if self.last is None:
            self.first = depend
        else:
            self.last.after = depend
        self.last = depend

    def remove(self, depend: "Depend") -> None:
        """Take one out."""
        before, after = depend.before, depend.after
        if before is None:
            self.first = after
        else:
            before.after = after
        if after is None:
            self.last = before
        else:
            after.before = before
        depend.before = depend.after = None

    def all(self) -> list["Depend"]:
        """Return them all, the longest here first."""
        found: list[Depend] = []
        depend = self.first
        while depend is not None:
            found.append(depend)
            depend = depend.after
        return found


class Market:
    """Who provides what, and who waits for it: one for the whole program."""

    __slots__ = ("providers", "waiting")

    def __init__(self) -> None:
        self.providers: dict[Value, Provide] = {}
        self.waiting: dict[Value, Chain] = {}


def market(engine: Engine) -> Market:
    """Return the program's market."""
    found = engine.commons.get("provide")
    if found is None:
        found = engine.commons["provide"] = Market()
    assert isinstance(found, Market)
    return found


def _name(values: list[Value]) -> bytes:
    name = values[0]
    if not isinstance(name, bytes):
        raise TEXT.refusal(0)
    return name


@mypyc_attr(acyclic=True)
class Provide(Statement):
    """Says that something is there, and shows all that can be seen from here."""

    __slots__ = ("bound", "name", "queue")

    def begin(self, values: list[Value]) -> None:
        """Be up, then bring up who waits for it."""
        self.name = _name(values)
        self.bound = Chain()
        self.queue: list[Provide] | None = None  # others of the name that wait to take over, the next one last
        here = market(self.process.engine)
        if self.name in here.providers:
            self.already_provided(here.providers[self.name])
            return
        here.providers[self.name] = self
        self.up()
        self.bind_waiting()

    def already_provided(self, active: "Provide") -> None:
        """Refuse: somebody provides it already."""
        word = self.name.decode("utf-8", "replace")
        raise Refused(f'"{word}" is already provided, in process {active.process.code.name}', argument=0)

    def bind_waiting(self) -> None:
        """Bind all who wait for the name, the longest waiting first."""
        waiting = market(self.process.engine).waiting.pop(self.name, None)
        if waiting is not None:
            for depend in waiting.all():
                self.bound.add(depend)
                depend.provider = self
                depend.up()

    def die(self) -> None:
        """Take down who depends on it, and wait until they have let go."""
        active = market(self.process.engine).providers[self.name]
        if active is not self:
            active.queued().remove(self)
            self.dead()
        elif self.bound.first is None:
            self._leave()
        else:
            for depend in self.bound.all():
                depend.down()

    def queued(self) -> "list[Provide]":
        """Return those who wait to take over, the next one last; to be changed."""
        if self.queue is None:
            self.queue = []
        return self.queue

    def waits_for(self) -> Waiting | None:
        """Say who still depends on it."""
        return Waiting("waits until nobody depends on it", [depend.process for depend in self.bound.all()])

    def let_go(self, depend: "Depend") -> None:
        """Somebody does not depend on it any more."""
        self.bound.remove(depend)
        depend.provider = None

    def leave_if_free(self) -> None:
        """Be gone, if that is what is waited for."""
        if self.state == DYING and self.bound.first is None:
            self._leave()

    def _leave(self) -> None:
        here = market(self.process.engine)
        del here.providers[self.name]
        if self.queue:
            successor = self.queue.pop()
            successor.queue = self.queue
            here.providers[self.name] = successor
            successor.bind_waiting()
        self.dead()


class ProvideEvent(Provide):
    """Waits its turn if somebody else provides the name."""

    __slots__ = ()

    def already_provided(self, active: Provide) -> None:
        """Be up, and wait to take over."""
        active.queued().append(self)
        self.up()


@mypyc_attr(acyclic=True)
class Depend(Statement):
    """Up while something is provided."""

    __slots__ = ("after", "before", "name", "provider")  # after and before are the neighbours in a chain

    def begin(self, values: list[Value]) -> None:
        """Be up if it is provided, else wait."""
        self.name = _name(values)
        self.provider: Provide | None = None
        self.after: Depend | None = None
        self.before: Depend | None = None
        provider = market(self.process.engine).providers.get(self.name)
        if provider is not None and provider.state != DYING:
            provider.bound.add(self)
            self.provider = provider
            self.up()
        else:
            self._wait()

    def _wait(self) -> None:
        waiting = market(self.process.engine).waiting
        chain = waiting.get(self.name)
        if chain is None:
            chain = waiting[self.name] = Chain()
        chain.add(self)

    def answers(self) -> bool:
        """Answer while down, too."""
        return self.state == UP or self.state == DOWN

    def member(self, name: str) -> Thing | None:
        """Look a name up in the provider's place."""
        provider = self.provider
        return provider.process.find(name, provider.index) if provider is not None else None

    def waits_for(self) -> Waiting | None:
        """Say that nobody provides it."""
        word = self.name.decode("utf-8", "replace")
        return Waiting(f'nothing provides "{word}"', names=[("provide", self.name), ("provide_event", self.name)])

    def clean(self) -> None:
        """Let go of a provider that is dying, and wait for another."""
        provider = self.provider
        if provider is not None and provider.state == DYING:
            provider.let_go(self)
            self._wait()  # before the provider leaves, for whoever takes over binds those that wait
            provider.leave_if_free()

    def die(self) -> None:
        """Let go."""
        provider = self.provider
        if provider is not None:
            provider.let_go(self)
            provider.leave_if_free()
        else:
            waiting = market(self.process.engine).waiting
            chain = waiting[self.name]
            chain.remove(self)
            if chain.first is None:
                del waiting[self.name]
        self.dead()


_EXAMPLE = """
    Example:
        process lan { var("eth0") link; provide("LAN"); }
        process user { depend("LAN") lan; println("on ", lan.link); exit("0"); }  # on eth0
    """
structure(
    "provide",
    Provide,
    takes(("name", TEXT)),
    "Say that something is there; who depends on it sees all names of this place.\n" + _EXAMPLE,
)
structure(
    "provide_event",
    ProvideEvent,
    takes(("name", TEXT)),
    "Say that something is there, or wait to take over from who says so now.\n"
    + _EXAMPLE.replace("provide(", "provide_event("),
)
structure(
    "depend",
    Depend,
    takes(("name", TEXT)),
    "Be up while something is provided; its provider's names can be read as members.\n" + _EXAMPLE,
)
