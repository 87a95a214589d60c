"""list: a list that grows and shrinks, and its methods.

A value that was read from a list shares the list's storage; the storage is copied only when something below the end
of what was read changes.  So a program that appends and reads in turn takes linear time.
"""

from typing import cast

from netstrata.contract import Shape
from netstrata.contract.roles import BY_BEING_UP, Roles
from netstrata.contract.shapes.common import ANY, LIST, NUMBER, TRUTH
from netstrata.engine.process import Statement
from netstrata.engine.structure import gives, rest, structure, takes
from netstrata.values import ELEMENT_WEIGHT, List, Refused, Value, boolean, parse_number, weight, weight_of
from netstrata.values.compiler_hints import mypyc_attr


class ListStatement(Statement):
    """A list that methods change."""

    __slots__ = ("counted", "deepest", "first", "items", "shared", "weight")

    def begin(self, values: list[Value]) -> None:
        """Hold the arguments."""
        self.hold(list(values))

    def hold(self, items: list[Value]) -> None:
        """Take over a Python list, and be up."""
        self.items = items
        self.shared = 0  # so many elements from the start may be seen by values that were read
        self.first = 0  # elements before this one were shifted out
        self.counted = 0  # the deepest of so many elements from the start …
        self.deepest = 0  # … nests so deep …
        self.weight = 0  # … and together they weigh so much
        self.up()

    def own(self) -> list[Value]:
        """Return storage that may be changed anywhere."""
        if self.shared or self.first:
            if self.deepest or self.counted <= self.first:
                self.count_anew()
            else:
                self.counted -= self.first
                self.weight -= weight_of(self.items[: self.first])
            self.items = self.items[self.first :]
            self.shared = self.first = 0
        return self.items

    def remove(self, index: int) -> None:
        """Take an element out of storage that may be changed."""
        value = self.items.pop(index)
        if self.deepest:
            self.count_anew()
        elif index < self.counted:
            self.counted -= 1
            self.weight -= weight(value)

    def count_anew(self) -> None:
        """Forget what is known of the elements."""
        self.counted = self.deepest = self.weight = 0

    def length(self) -> int:
        """Return the number of elements."""
        return len(self.items) - self.first

    def value(self) -> List:
        """Return the list as a value."""
        if self.first:
            self.own()
        size = self.shared = len(self.items)
        for index in range(self.counted, size):
            value = self.items[index]
            if isinstance(value, bytes):
                self.weight += ELEMENT_WEIGHT + len(value)
                continue
            self.weight += ELEMENT_WEIGHT + value.weight
            if value.depth > self.deepest:
                self.deepest = value.depth
        self.counted = size
        return List(self.items, 1 + self.deepest if size else 0, self.weight)

    def variable(self, name: str) -> Value | None:
        """Return the list, or its length."""
        if name == "length":
            return b"%d" % self.length()
        return None if name else self.value()


def _concatenated(values: list[Value]) -> list[Value]:
    items: list[Value] = []
    for index, value in enumerate(values):
        if not isinstance(value, List):
            raise LIST.refusal(index)
        items.extend(value.elements())
    return items


class ListFrom(ListStatement):
    """A list put together from others."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Hold the elements of all the lists."""
        self.hold(_concatenated(values))


_VARIABLES = gives(value_=LIST, length=NUMBER)
structure(
    "list",
    ListStatement,
    rest("elements", ANY),
    """Hold a list, which methods may change.

    Example:
        list("a") l;
        l->append("b");
        println(@encode_value(l), l.length);  # {"a", "b"}2
    """,
    _VARIABLES,
    roles=Roles(holds=lambda values: List(list(values))),
)
for _name in ("listfrom", "concatlist"):
    structure(
        _name,
        ListFrom,
        rest("lists", LIST),
        f"""Hold a list put together from others.

        Example:
            {_name}({{"a"}}, {{"b"}}) l;
            println(@encode_value(l));  # {{"a", "b"}}
        """,
        _VARIABLES,
        "list",
        roles=Roles(holds=lambda values: List(_concatenated(values))),
    )


@mypyc_attr(acyclic=True, free_list_len=1)
class Append(Statement):
    """Adds an element at the end."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Add it."""
        cast(ListStatement, self.target).items.append(values[0])
        self.up()


class AppendAll(Statement):
    """Adds elements at the end."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Add them."""
        cast(ListStatement, self.target).items.extend(list(_concatenated(values)))
        self.up()


class Shift(Statement):
    """Takes the first element away."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Take it away."""
        target = cast(ListStatement, self.target)
        if not target.length():
            raise Refused("the list is empty")
        target.first += 1
        if target.first > 32 and target.first * 2 > len(target.items):
            target.own()
        self.up()


class SetList(Statement):
    """Replaces the elements."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Replace them by those of all the lists."""
        target = cast(ListStatement, self.target)
        target.items = _concatenated(values)
        target.shared = target.first = 0
        target.count_anew()
        self.up()


def _index(values: list[Value], length: int) -> int:
    number = parse_number(values[0]) if isinstance(values[0], bytes) else None
    if number is None:
        raise NUMBER.refusal(0)
    if number >= length:
        raise Refused(f"there is no element {number}: the list has {length}", argument=0)
    return number


class RemoveAt(Statement):
    """Takes an element away by its index."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Take it away."""
        target = cast(ListStatement, self.target)
        index = _index(values, target.length())
        target.own()
        target.remove(index)
        self.up()


class Remove(Statement):
    """Takes the first equal element away."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Take it away."""
        target = cast(ListStatement, self.target)
        items = target.own()
        if values[0] not in items:
            raise Refused("the list has no such element", argument=0)
        target.remove(items.index(values[0]))
        self.up()


class Result(Statement):
    """A method whose only effect is its value."""

    __slots__ = ("value",)
    value: Value

    def variable(self, name: str) -> Value | None:
        """Return the value under the empty name."""
        return None if name else self.value


class Length(Result):
    """How long a list was."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Look."""
        self.value = b"%d" % cast(ListStatement, self.target).length()
        self.up()


class Get(Result):
    """What an element was."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Look."""
        target = cast(ListStatement, self.target)
        self.value = target.items[target.first + _index(values, target.length())]
        self.up()


class Contains(Result):
    """Whether a list had an element."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Look."""
        target = cast(ListStatement, self.target)
        items = target.own() if target.first else target.items
        self.value = boolean(values[0] in items)
        self.up()


class Find(Statement):
    """Where a list had an element."""

    __slots__ = ("position",)

    def begin(self, values: list[Value]) -> None:
        """Look, from an index on."""
        start = parse_number(values[0]) if isinstance(values[0], bytes) else None
        if start is None:
            raise NUMBER.refusal(0)
        target = cast(ListStatement, self.target)
        items = target.own() if target.first else target.items
        self.position = -1
        if start < len(items):
            try:
                self.position = items.index(values[1], start)
            except ValueError:
                self.position = -1
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return `found` and `pos`."""
        if name == "found":
            return boolean(self.position >= 0)
        if name == "pos":
            return b"none" if self.position < 0 else b"%d" % self.position
        return None


POSITION = Shape[Value]("a position", "an index from 0, or none", lambda v: v, lambda v: v, ('"0"', '"none"'), ())
_METHODS = """
    Example:
        list("a", "b", "c") l;
        l->find("0", "b") f;
        println(f.found, " ", f.pos);  # true 1
        l->remove_at("0");
        l->shift();
        l->set({"x"}, {"y"});
        l->remove("x");
        l->appendv({"z"});
        l->get("1") e;
        l->length() n;
        l->contains("q") q;
        println(e, n, q);  # z2false
    """
_CHANGES = Roles(changes=BY_BEING_UP)
structure("list::append", Append, takes(("element", ANY)), "Add an element at the end.\n" + _METHODS, roles=_CHANGES)
structure(
    "list::appendv",
    AppendAll,
    takes(("elements", LIST)),
    "Add all elements of a list at the end.\n" + _METHODS,
    roles=_CHANGES,
)
structure("list::length", Length, (), "Read how many elements there are now.\n" + _METHODS, gives(value_=NUMBER))
structure("list::get", Get, takes(("index", NUMBER)), "Read an element.\n" + _METHODS, gives(value_=ANY))
structure("list::shift", Shift, (), "Take the first element away.\n" + _METHODS, roles=_CHANGES)
structure(
    "list::contains",
    Contains,
    takes(("element", ANY)),
    "Say whether the element is there.\n" + _METHODS,
    gives(value_=TRUTH),
)
structure(
    "list::find",
    Find,
    takes(("start", NUMBER), ("element", ANY)),
    "Find the first equal element at or after an index.\n" + _METHODS,
    gives(found=TRUTH, pos=POSITION),
)
structure(
    "list::remove_at",
    RemoveAt,
    takes(("index", NUMBER)),
    "Take an element away by its index.\n" + _METHODS,
    roles=_CHANGES,
)
structure(
    "list::remove", Remove, takes(("element", ANY)), "Take the first equal element away.\n" + _METHODS, roles=_CHANGES
)
structure(
    "list::set",
    SetList,
    rest("lists", LIST),
    "Replace all elements by those of some lists.\n" + _METHODS,
    roles=_CHANGES,
)
