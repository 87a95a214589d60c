"""Events: what happened, where in the program, and which of them somebody wants."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from netstrata.daemon.text.redaction import all_redacted


class Place(NamedTuple):
    """A statement of the program: its number from 1, its name, and where in the text it stands, from 1."""

    statement: int
    name: str
    file: str
    line: int
    column: int


NOWHERE = Place(0, "", "", 0, 0)
LAYERS: Final = (1, 2, 3, 4)
KEPT: Final = 10_000  # events in memory


class Failure(NamedTuple):
    """Why a statement could not begin, and when it is tried again (monotonic seconds)."""

    text: str
    again: float
    quotes: bool  # the text quotes the program: it is not the system that would not


class Event:
    """One thing that happened.

    Shapes: seq counts from 1; wall and monotonic are seconds; place is NOWHERE if it is about a process or about
    nothing of the program; fields depend on the kind:

        transition   from, to (gone, down, up, dying), values (on the way up)
        values       values: others than on the way up, for a method has changed them
        process      what (created, complete, paused, resumed, retrying, changed, terminating, gone,
                     or removed if the program has it no more); on creation and
                     when its text has changed, if a statement runs it: its template, parent (the process of that
                     statement) and at (its number there)
        program      what (begins, or changed: it is another one from now on), text; a recording also has its codes
        error        text (one line), account (for people, several lines), retry_ms (0 if nothing is waited for),
                     refused (the program is wrong, else the system would not)
        note         text: what a statement has to say of itself
        waits        text: what a structure waits for that is down
        child        child (the program's base name), pid, text: a line that a child of the statement's has said
        kernel       text: what the kernel says has changed, and takes the statement up or down
        dhcp         text: what is said to a DHCP server, and what it answers
        supplicant   text: how the authentication of a link goes
        retry        text, retry_ms: a child that is kept running has ended, and is started again so much later
        control      text: what somebody asked for; uid, pid: who it was, if it was refused; goal and asked: that a goal
                     is asked for by people from now on, or no more

    What is known of a statement from then on stands with whatever kind tells of it:

        waits        what it waits for; behind: the processes of those, if it waits for some
        trouble      what is wrong although it is up
        names, scope what it provides, wants or comes up for, and the number of the scope these are names in; of one
                     about the outside, the words that may be links
        provider, provider_statement   who provides what it wants, once it is up
        known        the names of statements to come, by their numbers
    """

    __slots__ = ("fields", "kind", "layer", "monotonic", "place", "process", "seq", "wall")

    def __init__(self, seq: int, kind: str, process: str, place: Place, layer: int, fields: Mapping[str, Any]) -> None:
        self.seq = seq
        self.wall = time.time()
        self.monotonic = time.monotonic()
        self.kind = kind
        self.process = process
        self.place = place
        self.layer = layer
        self.fields = fields

    @property
    def title(self) -> str:
        """The statement that it is about, for people: `wan.3 net.ipv4.addr`."""
        return f"{self.process}.{self.place.statement} {self.place.name}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold, without secrets; what does not apply is left out."""
        found: dict[str, Any] = {
            "seq": self.seq,
            "time": self.wall,
            "monotonic": self.monotonic,
            "kind": self.kind,
            "process": self.process,
        }
        if self.place.statement:
            found.update(self.place._asdict())
            found["layer"] = self.layer
        found.update(all_redacted(self.fields))
        return found


EventSubscriber = Callable[[Event], None]


class Filter(NamedTuple):
    """Which events somebody wants; what is "" does not matter.

    Shapes: process stands for itself and those below it; statement is a number from 1 or a name; kind may be several,
    with commas in between.
    """

    process: str = ""
    statement: str = ""
    child: str = ""
    kind: str = ""

    def takes(self, event: Event, path: str | None = None) -> bool:
        """Say whether an event is wanted; path is the process's name as who asks sees it, if that is another one."""
        if self.kind and event.kind not in self.kind.split(","):
            return False
        if self.child and event.fields.get("child") != self.child:
            return False
        if self.statement and self.statement not in (str(event.place.statement), event.place.name):
            return False
        wanted = self.process
        path = event.process if path is None else path
        return not wanted or path == wanted or path.startswith((f"{wanted}.", f"{wanted}/"))
