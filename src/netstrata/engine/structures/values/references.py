"""Other names for things: alias, objref, objref_arg, refhere, ref."""

from typing import cast

from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import STRINGS, TEXT
from netstrata.engine.process import DYING, NONE, Statement
from netstrata.engine.referent import DEAD_END, PathRef, Referent, follow_thing, unwrapped
from netstrata.engine.structure import structure, takes
from netstrata.values import Refused, Value


class Alias(Statement):
    """Stands for what a path names at the moment it is used."""

    __slots__ = ("path",)

    def begin(self, values: list[Value]) -> None:
        """Remember the path; nothing is looked up yet."""
        path = values[0]
        if not isinstance(path, bytes):
            raise TEXT.refusal(0)
        self.path = tuple(path.decode("latin-1").split("."))
        self.up()

    def stands_for(self) -> Referent | None:
        """Return the path, as what is seen from here."""
        return PathRef(self.process.find(self.path[0], self.index), self.path)


structure(
    "alias",
    Alias,
    takes(("path", TEXT)),
    """Stand for what a dotted path names, looked up from here each time it is used.

    Example:
        var("x") v;
        alias("v") a;
        a->set("y");
        println(v);  # y
    """,
    roles=Roles(forwards=()),
)


class Objref(Statement):
    """Stands for one statement, found once."""

    __slots__ = ("path", "referred")

    def begin(self, values: list[Value]) -> None:
        """Find the statement."""
        words = STRINGS.read(values[0])
        if not words:
            raise Refused("expected a path: a list of at least one name, such as ^a.b", argument=0)
        self.path = (*(self.declaration.roles.forwards or ()), *(word.decode("latin-1") for word in words))
        thing = self.refers()
        if not isinstance(thing, Statement):
            raise Refused(f"{'.'.join(self.path)} is not a statement", argument=0)
        self.referred = thing
        self.up()

    def refers(self) -> Referent | None:
        """Return what the path leads to now."""
        first = self.process.find(self.path[0], self.index)
        return follow_thing(unwrapped(first), self.path) if first is not None else None

    def stands_for(self) -> Referent | None:
        """Return the statement, or a dead end if it is gone."""
        return self.referred if self.referred.state != NONE else DEAD_END


structure(
    "objref",
    Objref,
    takes(("path", STRINGS)),
    """Stand for the statement that a path names now, whatever is named so later.

    Example:
        var("x") v;
        objref(^v) r;
        println(r);  # x
    """,
    roles=Roles(forwards=()),
)
structure(
    "objref_arg",
    Objref,
    takes(("path", STRINGS)),
    """Stand for a statement of the caller's: as `objref`, with `_caller` before the path.

    Example:
        process main { var("x") v; call("show", {^v}); exit("0"); }
        template show { objref_arg(_arg0) r; println(r); }  # x
    """,
    roles=Roles(forwards=("_caller",)),
)


class RefHere(Statement):
    """Shows all names of this place to whoever can reach it."""

    __slots__ = ("refs",)

    def begin(self, values: list[Value]) -> None:
        """Be up."""
        self.refs: dict[Ref, None] = {}
        self.up()

    def member(self, name: str) -> Referent | None:
        """Look a name up here."""
        return self.process.find(name, self.index) if name else None

    def die(self) -> None:
        """Let all who refer to it die, the youngest first, then be dead."""
        for ref in reversed(list(self.refs)):
            ref.cut_off()
        self.dead()


class Ref(Statement):
    """Shows what a refhere shows, and dies with it."""

    __slots__ = ("refhere",)

    def begin(self, values: list[Value]) -> None:
        """Be up."""
        target = self.target
        refhere = target.refhere if isinstance(target, Ref) else cast(RefHere, target)
        if refhere is None or refhere.state in (NONE, DYING):
            raise Refused("the place referred to is gone")
        self.refhere: RefHere | None = refhere
        refhere.refs[self] = None
        self.up()

    def member(self, name: str) -> Referent | None:
        """Look a name up in the place referred to."""
        return self.refhere.member(name) if self.refhere is not None else None

    def cut_off(self) -> None:
        """Be dead: the place referred to is."""
        self.refhere = None
        if self.state != DYING:
            self.dead()

    def die(self) -> None:
        """Be dead."""
        if self.refhere is not None:
            self.refhere.refs.pop(self, None)
        self.dead()


_PLACE = """
    Example:
        var("x") v;
        refhere() here;
        here->ref() r;
        println(r.v);  # x
    """
structure("refhere", RefHere, (), "Show all names of this place as members.\n" + _PLACE)
structure("refhere::ref", Ref, (), "Show what a `refhere` shows, as long as that exists.\n" + _PLACE, (), "ref")
structure("ref::ref", Ref, (), "Show what another `ref` shows, as long as its place exists.\n" + _PLACE, (), "ref")
