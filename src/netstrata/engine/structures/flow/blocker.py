"""Going back, and waiting for a switch: backtrack_point, blocker."""

from typing import cast

from netstrata.contract.roles import BY_BEING_GONE, BY_BEING_UP, Roles
from netstrata.contract.shapes.common import TRUTH
from netstrata.engine.process import DOWN, DYING, UP, Statement, Waiting
from netstrata.engine.structure import gives, maybe, structure
from netstrata.values import Value, boolean
from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(acyclic=True)
class BacktrackPoint(Statement):
    """A place to go back to."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up."""
        self.up()

    def go(self) -> None:
        """Undo everything after the point and do it again, if the point is still up."""
        if self.state == UP:
            self.down_up()


@mypyc_attr(acyclic=True, free_list_len=1)
class Go(Statement):
    """Goes back to a point."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then go back."""
        self.up()
        cast(BacktrackPoint, self.target).go()


class ReverseGo(Statement):
    """Goes back to a point when it is undone."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up."""
        self.up()

    def die(self) -> None:
        """Be dead, then go back."""
        self.dead()
        cast(BacktrackPoint, self.target).go()


_LOOP = """
    Example:
        var("0") i;
        backtrack_point() again;
        i->set(@num_add(i, "1"));
        If (@num_lesser(i, "3")) { again->go(); };
        If (@num_lesser(i, "5")) { Do { again->rgo(); }; };
        println(i);  # 5
    """
structure("backtrack_point", BacktrackPoint, (), "Mark a place to go back to.\n" + _LOOP)
structure("backtrack_point::go", Go, (), "Undo everything after the point, and do it again.\n" + _LOOP)
structure(
    "backtrack_point::rgo",
    ReverseGo,
    (),
    "When this is undone, go back to the point.\n" + _LOOP,
)


class Blocker(Statement):
    """A switch that others wait for."""

    __slots__ = ("open", "uses")

    def begin(self, values: list[Value]) -> None:
        """Be up; the switch is closed unless told otherwise."""
        self.open = False
        if values:
            initial = TRUTH.read(values[0])
            if initial is None:
                raise TRUTH.refusal(0)
            self.open = initial
        self.uses: dict[Use, None] = {}
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return the state under the empty name."""
        return None if name else boolean(self.open)

    def let_through(self) -> None:
        """Open the switch."""
        if not self.open:
            self.open = True
            for use in list(self.uses):
                if use.state == DOWN:
                    use.up()

    def block(self) -> None:
        """Close the switch."""
        if self.open:
            self.open = False
            for use in list(self.uses):
                if use.state == UP:
                    use.down()

    def blink(self) -> None:
        """Open the switch, taking down for an instant who is up."""
        self.open = True
        for use in list(self.uses):
            if use.state == UP:
                use.down_up()
            elif use.state == DOWN:
                use.up()

    def left(self, use: "Use") -> None:
        """Somebody does not wait for it any more."""
        del self.uses[use]
        if self.state == DYING and not self.uses:
            self.dead()

    def waits_for(self) -> Waiting | None:
        """Say who still uses it."""
        return Waiting("waits until nobody uses it", [use.process for use in self.uses])

    def die(self) -> None:
        """Wait until nobody uses it."""
        if not self.uses:
            self.dead()


class Use(Statement):
    """Up while a switch is open."""

    __slots__ = ("blocker",)

    def begin(self, values: list[Value]) -> None:
        """Be up if the switch is open."""
        self.blocker = cast(Blocker, self.target)
        self.blocker.uses[self] = None
        if self.blocker.open:
            self.up()

    def waits_for(self) -> Waiting | None:
        """Say which switch is closed."""
        blocker = self.blocker
        name = blocker.slot.name or "the blocker"
        return Waiting(f"{name} ({blocker.slot.span}) is closed")

    def die(self) -> None:
        """Leave."""
        self.blocker.left(self)
        self.dead()


class LetThrough(Statement):
    """Opens a switch."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then open it."""
        self.up()
        cast(Blocker, self.target).let_through()


class Block(Statement):
    """Closes a switch."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then close it."""
        self.up()
        cast(Blocker, self.target).block()


class Blink(Statement):
    """Closes a switch for an instant, and opens it."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up, then do so."""
        self.up()
        cast(Blocker, self.target).blink()


class ReverseBlink(Statement):
    """Closes a switch for an instant, and opens it, when it is undone."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up."""
        self.up()

    def die(self) -> None:
        """Do so if the switch still exists, then be dead."""
        blocker = cast(Blocker, self.target)
        if blocker.state:
            blocker.blink()
        self.dead()


_SWITCH = """
    Example:
        process main {
            blocker() gate;
            spawn("waiter", {});
            gate->up();  # through
            println("open: ", gate);  # open: true
            gate->down();  # back
            gate->downup();  # through
            Do { gate->rdownup(); };
            sleep("1");
            # back
            # through
            exit("0");  # back
        }
        template waiter { _caller.gate->use(); println("through"); rprintln("back"); }
    """
_CHANGES = Roles(changes=BY_BEING_UP)
structure(
    "blocker",
    Blocker,
    maybe("open", TRUTH),
    "Make a switch that others wait for.\n" + _SWITCH,
    gives(value_=TRUTH),
)
structure("blocker::use", Use, (), "Be up while the switch is open.\n" + _SWITCH)
structure("blocker::up", LetThrough, (), "Open the switch.\n" + _SWITCH, roles=_CHANGES)
structure("blocker::down", Block, (), "Close the switch.\n" + _SWITCH, roles=_CHANGES)
structure("blocker::downup", Blink, (), "Close the switch for an instant, and open it.\n" + _SWITCH, roles=_CHANGES)
structure(
    "blocker::rdownup",
    ReverseBlink,
    (),
    "When this is undone, close the switch for an instant, and open it.\n" + _SWITCH,
    roles=Roles(changes=BY_BEING_GONE),
)
