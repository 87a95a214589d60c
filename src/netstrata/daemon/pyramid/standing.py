"""A process and its statements, as far as events tell of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from netstrata.daemon.events.event import LAYERS, Event, Failure


class Role(NamedTuple):
    """What a statement is to others, as far as the program's text says; see `events/codes`."""

    provides: str = ""
    wants: str = ""
    raised_by: str = ""
    asks: bool = False
    calls: bool = False
    outside: bool = False
    names: tuple[str, ...] = ()
    open: bool = False  # the text does not say the name
    method: bool = False
    templates: tuple[str, ...] = ()

    @property
    def is_about_a_name(self) -> bool:
        """Whether its names are names of the program, and no words that may be links."""
        return bool(self.provides or self.wants or self.raised_by)


NO_ROLE: Final = Role()


class Written(NamedTuple):
    """A statement as the program's text has it."""

    name: str
    label: str
    file: str
    line: int
    layer: int
    layers: int  # as a set of bits
    own: bool
    role: Role = NO_ROLE


class Code(NamedTuple):
    """A process or template as the program's text has it."""

    template: bool
    statements: list[Written]


class FloorState:
    """A statement of a process, of which events have told."""

    __slots__ = (
        "behind", "failure", "layer", "names", "number", "provider", "scope", "since", "state",
        "trouble", "values", "waits",
    )  # fmt: skip

    def __init__(self, number: int) -> None:
        self.number = number
        self.state = "gone"
        self.since = 0.0
        self.layer = 0
        self.values: dict[str, str] | None = None
        self.waits = ""
        self.behind: Sequence[str] = ()  # processes that it waits for
        self.trouble = ""
        self.names: list[str] | None = None  # others than the text's
        self.scope = 0
        self.provider: tuple[str, int] | None = None
        self.failure: Failure | None = None

    def take(self, fields: Mapping[str, Any]) -> None:
        """Know what an event says of it, whatever its kind."""
        if "waits" in fields:
            self.waits = fields["waits"]
            self.behind = fields.get("behind", ())
        if "names" in fields:
            self.names = fields["names"]
            self.scope = fields.get("scope", 0)
        if "provider" in fields:
            self.provider = (fields["provider"], fields.get("provider_statement", 0))
        if "trouble" in fields:
            self.trouble = fields["trouble"]

    def names_as(self, written: Written) -> Sequence[str]:
        """Return the names that it provides, wants or comes up for, as far as they are known."""
        return written.role.names if self.names is None else self.names

    def words(self, written: Written) -> Sequence[str]:
        """Return the words that it was begun with or has found, or will be begun with, which may be links."""
        if written.role.is_about_a_name:
            return ()
        return (*written.role.names, *self.names) if self.names else written.role.names

    def move(self, event: Event, written: Written) -> None:
        """Go from one state to another."""
        fields = event.fields
        self.state = fields["to"]
        self.since = event.wall if self.state != "gone" else 0.0
        self.layer = event.layer
        self.values = None
        self.waits = self.trouble = ""
        self.behind = ()
        self.provider = None
        if self.state in ("up", "down"):
            self.failure = None
        if self.state == "up":
            self.values = fields.get("values") or NO_VALUES
        elif self.state == "gone" and not written.role.is_about_a_name:
            self.names = None  # a name will be the same again


class Standing:
    """A process: which statements it has, and how they are."""

    __slots__ = ("_code", "at", "below", "dying", "last", "parent", "path", "seen", "template", "undone", "what")

    def __init__(self, path: str, template: str, code: list[Written], parent: "Standing | None", at: int) -> None:
        """Take its statements, and by which statement of which process it is run."""
        self.path = path
        self.template = template
        self.parent = parent
        self.at = at
        self.what = "created"
        self.seen: dict[int, FloorState] = {}  # the statements of which events have told
        self.below: dict[int, dict[str, Standing]] = NOTHING_BELOW  # what each statement runs, by the paths
        self.undone: dict[int, float] = NEVER_UNDONE  # by layer: when something of it was last undone
        self.dying = 0  # statements that are
        self.last = 0  # the highest that exists, 0 if none does
        self._code = code

    @property
    def count(self) -> int:
        """How many statements it has."""
        return len(self._code)

    def written(self, number: int) -> Written:
        """Return a statement as the text has it."""
        return self._code[number - 1]

    def floors(self) -> Iterator[tuple[Written, FloorState]]:
        """Yield its statements, in order."""
        for number, written in enumerate(self._code, 1):
            yield written, self.seen.get(number) or FloorState(number)

    def floor(self, number: int) -> FloorState:
        """Return a statement; what is changed of it stays."""
        return self.seen.get(number) or self.seen.setdefault(number, FloorState(number))

    def children(self, number: int) -> list["Standing"]:
        """Return the processes that a statement runs."""
        below = self.below.get(number)
        return [*below.values()] if below else []

    def hang(self, child: "Standing") -> None:
        """Know a process that one of its statements runs."""
        if not self.below:
            self.below = {}
        self.below.setdefault(child.at, {})[child.path] = child

    def drop(self, child: "Standing") -> None:
        """Forget it."""
        siblings = self.below.get(child.at, {})
        siblings.pop(child.path, None)
        if not siblings:
            self.below.pop(child.at, None)

    def change(self, code: list[Written] | None) -> None:
        """Have another text; of what there is of the process all was in the old one."""
        self.what = "created"
        self._code = self._code[: self.last] if code is None else code
        self.seen = {number: floor for number, floor in self.seen.items() if number <= self.last}

    def move(self, code: list[Written]) -> None:
        """Be written somewhere else, unless the text is another one: that is told once it is."""
        if [one[:2] for one in code] == [one[:2] for one in self._code]:
            self._code = code

    def learn(self, event: Event) -> None:
        """Know a statement of which the text is not known."""
        place = event.place
        known = len(self._code)
        if place.statement > MOST or (place.statement <= known and self._code[place.statement - 1].name == place.name):
            return
        self._code = self._code + [UNKNOWN] * (place.statement - known)
        bits = 1 << event.layer & ALL
        named = Written(place.name, "", place.file, place.line, event.layer, bits, bits > 0)
        self._code[place.statement - 1] = named

    def layers_of(self, written: Written, floor: FloorState) -> int:
        """Return all layers of what a statement is or runs, as a set of bits."""
        bits = _own_layers(written, floor)
        if not bits:
            for code in {child.template: child._code for child in self.children(floor.number)}.values():
                for inner in code:
                    bits |= inner.layers
        return bits

    @property
    def state(self) -> str:
        """How it is, in a word."""
        if self.what in ("terminating", "gone"):
            return "undone" if self.last else "gone"
        if self.is_undoing():
            return "undoing"
        if self.what == "complete":
            return "complete"
        return "failed" if self.what == "retrying" else "waiting"

    def is_undoing(self) -> bool:
        """Say whether some of it is being undone, or it stands still until what stands on it is."""
        return self.dying > 0 or self.what == "paused"

    def is_complete(self) -> bool:
        """Say whether all its statements are up."""
        return self.what == "complete"

    def stuck(self) -> int:
        """Return the statement that holds it up, one that is not up or the next to begin; 0 if none does."""
        last = self.last
        if self.what == "terminating" or self.is_undoing() or (last and self.floor(last).state != "up"):
            return last
        return last + 1 if last < len(self._code) else 0

    def moved(self, event: Event) -> None:
        """Know that a statement went from one state to another."""
        floor = self.floor(event.place.statement)
        before = floor.state
        floor.move(event, self.written(floor.number))
        after = floor.state
        self.dying += (after == "dying") - (before == "dying")
        if after == "gone":
            layers = layers_in(_own_layers(self.written(floor.number), floor))
            if layers:
                self.undone = {**self.undone, **dict.fromkeys(layers, event.wall)}
            while self.last and self.floor(self.last).state == "gone":
                self.last -= 1
        else:
            self.last = max(self.last, floor.number)
        goes_on = after == "dying" or before == "gone"
        if self.what in ("complete", "retrying") or (self.what == "paused" and goes_on):
            self.what = "created"


# Never changed: very many have no more than that.
NO_VALUES: Final[dict[str, str]] = {}
NOTHING_BELOW: "Final[dict[int, dict[str, Standing]]]" = {}
NEVER_UNDONE: Final[dict[int, float]] = {}
MOST: Final = 100_000  # statements of a process that a recording may tell of
ALL: Final = 0b11110  # a set of layers has a bit for each
UNKNOWN: Final = Written("", "", "", 0, 0, 0, False)


def _own_layers(written: Written, floor: FloorState) -> int:
    return written.layers or 1 << floor.layer & ALL


def layers_in(bits: int) -> list[int]:
    """Return the layers of a set."""
    return [layer for layer in LAYERS if bits >> layer & 1]
