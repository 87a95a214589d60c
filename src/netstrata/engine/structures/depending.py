"""What one process provides and others depend on, by name: provide, provide_event, depend."""

from netstrata.contract.shapes import TEXT
from netstrata.engine.machine import DOWN, DYING, UP, Engine, Statement
from netstrata.engine.structure import structure, takes
from netstrata.engine.surroundings import Waiting
from netstrata.engine.thing import Thing
from netstrata.values import Refused, Value


class Market:
    """Who provides what, and who waits for it: one for the whole program."""

    __slots__ = ("providers", "waiting")

    def __init__(self) -> None:
        self.providers: dict[Value, Provide] = {}
        self.waiting: dict[Value, dict[Depend, None]] = {}


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


class Provide(Statement):
    """Says that something is there, and shows all that can be seen from here."""

    __slots__ = ("bound", "name", "queue")

    def begin(self, values: list[Value]) -> None:
        """Be up, then bring up who waits for it."""
        self.name = _name(values)
        self.bound: dict[Depend, None] = {}
        self.queue: list[Provide] = []  # others of the name that wait to take over, the next one last
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
            for depend in waiting:
                self.bound[depend] = None
                depend.provider = self
                depend.up()

    def die(self) -> None:
        """Take down who depends on it, and wait until they have let go."""
        if market(self.process.engine).providers.get(self.name) is not self:
            market(self.process.engine).providers[self.name].queue.remove(self)
            self.dead()
        elif not self.bound:
            self._leave()
        else:
            for depend in list(self.bound):
                depend.down()

    def waits_for(self) -> Waiting | None:
        """Say who still depends on it."""
        return Waiting("waits until nobody depends on it", [depend.process for depend in self.bound])

    def let_go(self, depend: "Depend") -> None:
        """Somebody does not depend on it any more."""
        del self.bound[depend]
        depend.provider = None
        if self.state == DYING and not self.bound:
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
        active.queue.append(self)
        self.up()


class Depend(Statement):
    """Up while something is provided."""

    __slots__ = ("name", "provider")

    def begin(self, values: list[Value]) -> None:
        """Be up if it is provided, else wait."""
        self.name = _name(values)
        self.provider: Provide | None = None
        provider = market(self.process.engine).providers.get(self.name)
        if provider is not None and provider.state != DYING:
            provider.bound[self] = None
            self.provider = provider
            self.up()
        else:
            self._wait()

    def _wait(self) -> None:
        market(self.process.engine).waiting.setdefault(self.name, {})[self] = None

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
            self._wait()
            provider.let_go(self)

    def die(self) -> None:
        """Let go."""
        provider = self.provider
        if provider is not None:
            provider.let_go(self)
        else:
            waiting = market(self.process.engine).waiting.get(self.name)
            if waiting is not None:
                waiting.pop(self, None)
                if not waiting:
                    del market(self.process.engine).waiting[self.name]
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
