"""Variables and other statements that hold one value: var, if, ifnot, getargs, getenv."""

from typing import cast

from netstrata.contract.roles import BY_BEING_UP, Roles
from netstrata.contract.shapes.common import ANY, NAME, STRINGS, TRUTH
from netstrata.engine.process import UP, Statement, Waiting
from netstrata.engine.structure import gives, structure, takes
from netstrata.values import TRUE, List, Refused, Value, boolean
from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(acyclic=True)
class Var(Statement):
    """A value that methods may replace."""

    __slots__ = ("value",)

    def begin(self, values: list[Value]) -> None:
        """Hold the value."""
        self.value = values[0]
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return the value under the empty name."""
        return None if name else self.value

    def own_value(self) -> Value | None:
        """Return the value while up."""
        return self.value if self.state == UP else None


structure(
    "var",
    Var,
    takes(("value", ANY)),
    """Hold a value, which `->set` may replace.

    Example:
        var("old") v;
        v->set("new");
        println(v);  # new
    """,
    gives(value_=ANY),
    roles=Roles(holds=lambda values: values[0]),
)


@mypyc_attr(acyclic=True, free_list_len=1)
class VarSet(Statement):
    """Replaces the value of a `var`."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Replace the value; nothing puts the old one back."""
        cast(Var, self.target).value = values[0]
        self.up()


structure(
    "var::set",
    VarSet,
    takes(("value", ANY)),
    """Replace the value of a `var`; it is not put back on the way down.

    Example:
        var("old") v;
        v->set("new");
        println(v);  # new
    """,
    roles=Roles(changes=BY_BEING_UP),
)


@mypyc_attr(acyclic=True)
class Condition(Statement):
    """Up only if a condition holds; otherwise down for good."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Look at the condition once."""
        value = values[0]
        if not isinstance(value, bytes):
            raise TRUTH.refusal(0)
        if (value == TRUE) == self.holds_for():
            self.up()

    def waits_for(self) -> Waiting | None:
        """Say that this is for good."""
        return Waiting("its condition does not hold, so the process stops here, for good")

    def holds_for(self) -> bool:
        """Return the truth value that lets the process go on."""
        return True


class NegatedCondition(Condition):
    """Up only if a condition does not hold."""

    __slots__ = ()

    def holds_for(self) -> bool:
        """Return the truth value that lets the process go on."""
        return False


structure(
    "if",
    Condition,
    takes(("condition", TRUTH)),
    """Go on only if the condition is `true`; otherwise wait, for good.

    Example:
        if("true");
        println("on we go");  # on we go
    """,
)
structure(
    "ifnot",
    NegatedCondition,
    takes(("condition", TRUTH)),
    """Go on only if the condition is not `true`; otherwise wait, for good.

    Example:
        ifnot("false");
        println("on we go");  # on we go
    """,
)


class GetArgs(Statement):
    """The program's own arguments."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Be up."""
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return the list of arguments under the empty name."""
        return None if name else List(list(self.process.engine.outside.arguments))


structure(
    "getargs",
    GetArgs,
    (),
    """Read the arguments given to the program on the command line.

    Example:
        getargs() args;
        println(@encode_value(args));  # {}
    """,
    gives(value_=STRINGS),
)


class GetEnv(Statement):
    """A variable of the environment, as it was at the start."""

    __slots__ = ("value",)

    def begin(self, values: list[Value]) -> None:
        """Look the name up; a name with NUL simply does not exist."""
        name = values[0]
        if not isinstance(name, bytes):
            raise Refused("expected a string", argument=0)
        self.value = self.process.engine.outside.environment.get(name)
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return `exists`, and the value if it does."""
        if name == "exists":
            return boolean(self.value is not None)
        return None if name else self.value


structure(
    "getenv",
    GetEnv,
    takes(("name", NAME)),
    """Read a variable of the daemon's environment.

    Example:
        getenv("NO_SUCH_VARIABLE") e;
        println(e.exists);  # false
    """,
    gives(value_=ANY, exists=TRUTH),
)
