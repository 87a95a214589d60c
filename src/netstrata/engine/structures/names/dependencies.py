"""What one process provides and others depend on, by name: provide, provide_event, depend."""

from netstrata.contract.roles import NAMES, Roles
from netstrata.contract.shapes.common import TEXT
from netstrata.engine.process import DOWN, DYING, UP, EngineState, Named, Statement, Waiting
from netstrata.engine.referent import Referent
from netstrata.engine.structure import structure, takes
from netstrata.values import Refused, Value
from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(acyclic=True)
class ProvidedName:
    """One name: who provides it, who waits to, and who depends on it.

    Those who depend stand in the order in which they came, first those that are bound to the provider, then those that
    wait for one.  Each knows its neighbours, so that adding and taking out cost the same always, and most names need no
    more than this one object: a program may have very many.
    """

    __slots__ = ("first", "last", "name", "provider", "queue")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.provider: Provide | None = None
        self.queue: list[Provide] | None = None  # who waits to take over, the next one last
        self.first: Depend | None = None
        self.last: Depend | None = None

    def add(self, depend: "Depend") -> None:
        """Add one at the end."""
        last = self.last
        depend.before = last
        depend.after = None
        if last is None:
            self.first = depend
        else:
            last.after = depend
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

    def bind(self) -> None:
        """Bring up all who wait for the provider that is there now, the longest waiting first."""
        depend = self.first
        while depend is not None:
            depend.bound = True
            depend.up()
            depend = depend.after

    def bound(self) -> list["Depend"]:
        """Return those that are bound to the provider, the longest here first."""
        found: list[Depend] = []
        depend = self.first
        while depend is not None and depend.bound:
            found.append(depend)
            depend = depend.after
        return found

    def has_bound(self) -> bool:
        """Say whether anybody is bound to the provider."""
        return self.first is not None and self.first.bound


def _offer(engine: EngineState, values: list[Value]) -> ProvidedName:
    """Return what is known of a name, which is the first argument."""
    name = values[0]
    if not isinstance(name, bytes):
        raise TEXT.refusal(0)
    offer: ProvidedName | None = engine.offers.get(name)
    if offer is None:
        offer = engine.offers[name] = ProvidedName(name)
    return offer


def _forget(engine: EngineState, offer: ProvidedName) -> None:
    """Forget a name that nobody provides, and nobody waits for."""
    if offer.provider is None and offer.first is None:
        del engine.offers[offer.name]


@mypyc_attr(acyclic=True)
class Provide(Statement):
    """Says that something is there, and shows all that can be seen from here."""

    __slots__ = ("offer",)
    offer: ProvidedName

    @property
    def name(self) -> bytes:
        """What it provides."""
        return self.offer.name

    def names_of(self) -> list[Named]:
        """Return what it provides."""
        return [(self.offer.name, 0)]

    def begin(self, values: list[Value]) -> None:
        """Be up, then bring up who waits for it."""
        offer = self.offer = _offer(self.process.engine, values)
        if offer.provider is not None:
            self.already_provided(offer.provider)
            return
        offer.provider = self
        self.up()
        offer.bind()

    def already_provided(self, active: "Provide") -> None:
        """Refuse: somebody provides it already."""
        word = self.name.decode("utf-8", "replace")
        raise Refused(f'"{word}" is already provided, in process {active.process.code.name}', argument=0)

    def bears(self) -> list[Statement]:
        """Return who depends on it."""
        return [*self.offer.bound()] if self.offer.provider is self else []

    def die(self) -> None:
        """Take down who depends on it, and wait until they have let go."""
        offer = self.offer
        if offer.provider is not self:
            assert offer.queue is not None
            offer.queue.remove(self)
            self.dead()
        elif not offer.has_bound():
            self._leave()
        else:
            for depend in offer.bound():
                depend.down()

    def waits_for(self) -> Waiting | None:
        """Say who still depends on it."""
        return Waiting("waits until nobody depends on it", [depend.process for depend in self.offer.bound()])

    def leave_if_free(self) -> None:
        """Be gone, if that is what is waited for."""
        if self.state == DYING and not self.offer.has_bound():
            self._leave()

    def _leave(self) -> None:
        offer = self.offer
        if offer.queue:
            offer.provider = offer.queue.pop()
            offer.bind()
        else:
            offer.provider = None
            _forget(self.process.engine, offer)
        self.dead()


class ProvideEvent(Provide):
    """Waits its turn if somebody else provides the name."""

    __slots__ = ()

    def already_provided(self, active: Provide) -> None:
        """Be up, and wait to take over."""
        offer = self.offer
        if offer.queue is None:
            offer.queue = []
        offer.queue.append(self)
        self.up()


@mypyc_attr(acyclic=True)
class Depend(Statement):
    """Up while something is provided."""

    __slots__ = ("after", "before", "bound", "offer")
    after: "Depend | None"  # its neighbours in the offer
    before: "Depend | None"
    bound: bool  # to the offer's provider
    offer: ProvidedName

    @property
    def name(self) -> bytes:
        """What it depends on."""
        return self.offer.name

    @property
    def provider(self) -> Provide | None:
        """Who provides it, also while that is dying and this has not let go."""
        return self.offer.provider if self.bound else None

    def names_of(self) -> list[Named]:
        """Return what it depends on."""
        return [(self.offer.name, 0)]

    def provided_by(self) -> Statement | None:
        """Return its provider."""
        return self.provider

    def begin(self, values: list[Value]) -> None:
        """Be up if it is provided, else wait."""
        offer = self.offer = _offer(self.process.engine, values)
        offer.add(self)
        provider = offer.provider
        self.bound = provider is not None and provider.state != DYING
        if self.bound:
            self.up()

    def answers(self) -> bool:
        """Answer while down, too."""
        return self.state == UP or self.state == DOWN

    def member(self, name: str) -> Referent | None:
        """Look a name up in the provider's place."""
        provider = self.provider
        return provider.process.find(name, provider.index) if provider is not None else None

    def waits_for(self) -> Waiting | None:
        """Say that nobody provides it."""
        word = self.name.decode("utf-8", "replace")
        return Waiting(f'nothing provides "{word}"', names=[(NAMES, self.name)])

    def clean(self) -> None:
        """Let go of a provider that is dying, and wait for another."""
        provider = self.provider
        if provider is not None and provider.state == DYING:
            self.bound = False
            self.offer.remove(self)
            self.offer.add(self)  # before the provider leaves, for whoever takes over binds those that wait
            provider.leave_if_free()

    def die(self) -> None:
        """Let go."""
        offer = self.offer
        offer.remove(self)
        provider = self.provider
        if provider is not None:
            provider.leave_if_free()
        else:
            _forget(self.process.engine, offer)
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
    roles=Roles(provides=NAMES),
)
structure(
    "provide_event",
    ProvideEvent,
    takes(("name", TEXT)),
    "Say that something is there, or wait to take over from who says so now.\n"
    + _EXAMPLE.replace("provide(", "provide_event("),
    roles=Roles(provides=NAMES),
)
structure(
    "depend",
    Depend,
    takes(("name", TEXT)),
    "Be up while something is provided; its provider's names can be read as members.\n" + _EXAMPLE,
    roles=Roles(wants=NAMES),
)
