"""What a name can stand for, and how a dotted name is followed."""

from typing import Final

from netstrata.values import Value
from netstrata.values.compiler_hints import mypyc_attr

NAMED_ARGUMENTS: Final = 20  # so many arguments of a process have names of their own: _arg0 to _arg19


@mypyc_attr(acyclic=True)
class Referent:
    """Something with members and variables by name, and a type by which its methods are found.

    The empty name is the thing's own value.
    """

    __slots__ = ()

    def answers(self) -> bool:
        """Say whether members and variables may be asked for now."""
        return True

    def stands_for(self) -> "Referent | None":
        """Return the thing that this one stands for; None if it stands for itself."""
        return None

    def member(self, name: str) -> "Referent | None":
        """Return the member of that name."""
        return None

    def variable(self, name: str) -> Value | None:
        """Return the variable of that name."""
        return None

    def own_value(self) -> Value | None:
        """Return the variable without a name of what it stands for, None if there is none now.

        What most references are.  Who always stands for itself may say it at once.
        """
        thing: Referent = self
        while thing.answers():
            inner = thing.stands_for()
            if inner is None:
                return thing.variable("")
            thing = _followed(inner) if isinstance(inner, PathRef) else inner
        return None

    def documented(self) -> str:
        """Return the name that its documentation is found by, "" if there is none."""
        return ""

    def type(self) -> str:
        """Return the type in which methods are looked up, "" if there is none."""
        return ""


@mypyc_attr(acyclic=True, free_list_len=1)
class Plain(Referent):
    """A value without members: arguments, loop names."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    def variable(self, name: str) -> Value | None:
        """Return the value under the empty name."""
        return None if name else self.value

    def own_value(self) -> Value | None:
        """Return the value."""
        return self.value


class PathRef(Referent):
    """A dotted path that a thing stands for, from what its first name means; only ever followed."""

    __slots__ = ("first", "names")

    def __init__(self, first: Referent | None, names: tuple[str, ...]) -> None:
        self.first = first
        self.names = names


class DeadEnd(Referent):
    """What a path to nothing leads to."""

    __slots__ = ()

    def answers(self) -> bool:
        """Never answer."""
        return False


DEAD_END = DeadEnd()


def unwrapped(thing: Referent) -> Referent:
    """Follow aliases and references to what they stand for."""
    while thing.answers():
        inner = thing.stands_for()
        if inner is None:
            return thing
        thing = _followed(inner) if isinstance(inner, PathRef) else inner
    return thing


def _followed(detour: PathRef) -> Referent:
    """Return what a path leads to.

    A path may lead over aliases that are paths again, one for each level of a recursive program: no recursion here.
    """
    waiting: list[tuple[tuple[str, ...], int]] = []  # paths that go on when the one at hand is at its end
    thing = detour.first
    names = detour.names
    at = 1
    while thing is not None:
        inner = thing.stands_for() if thing.answers() else None
        if isinstance(inner, PathRef):
            waiting.append((names, at))
            thing = inner.first
            names = inner.names
            at = 1
        elif inner is not None:
            thing = inner
        elif at < len(names):
            thing = thing.member(names[at]) if thing.answers() else None
            at += 1
        elif waiting:
            names, at = waiting.pop()
        else:
            return thing
    return DEAD_END


def follow_variable(thing: Referent, names: tuple[str, ...]) -> Value | None:
    """Read the variable that the names after the first, at least one, lead to from what the first stands for."""
    last = len(names) - 1
    thing = unwrapped(thing)
    at = 1
    while at <= last:
        if not thing.answers():
            return None
        name = names[at]
        inner = thing.member(name)
        if inner is None:
            return thing.variable(name) if at == last else None
        thing = unwrapped(inner)
        at += 1
    return thing.variable("") if thing.answers() else None


def follow_thing(thing: Referent, names: tuple[str, ...]) -> Referent | None:
    """Return the thing that the names after the first lead to, from what the first one stands for."""
    for name in names[1:]:
        if not thing.answers():
            return None
        inner = thing.member(name)
        if inner is None:
            return None
        thing = unwrapped(inner)
    return thing
