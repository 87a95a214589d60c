"""index: a number that a method counts on from."""

from typing import cast

from netstrata.contract.shapes.common import ANY, NUMBER
from netstrata.engine.process import Statement
from netstrata.engine.structure import gives, rest, structure, takes
from netstrata.values import Refused, Value
from netstrata.values.arithmetic import LIMIT


class Index(Statement):
    """A number."""

    __slots__ = ("number",)

    def begin(self, values: list[Value]) -> None:
        """Hold the number."""
        self.number: int = self.declaration.bind(values)[0]
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return the number under the empty name."""
        return None if name else b"%d" % self.number


class IndexNext(Index):
    """The number after another one."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Hold one more than the other; arguments are allowed, as NCD has it, but not looked at."""
        number = cast(Index, self.target).number
        if number == LIMIT:
            raise Refused(f"there is no index after {LIMIT}")
        self.number = number + 1
        self.up()


_EXAMPLE = """
    Example:
        index("7") i;
        i->next() j;
        println(i, " ", j);  # 7 8
    """
structure(
    "index", Index, takes(("number", NUMBER)), "Hold a number to count on from.\n" + _EXAMPLE, gives(value_=NUMBER)
)
structure(
    "index::next",
    IndexNext,
    rest("ignored", ANY),
    "Hold the number after that of an index, and be an index itself.\n" + _EXAMPLE,
    gives(value_=NUMBER),
    "index",
)
