"""What a name can stand for, and how a dotted name is followed."""

from typing import Final

from netstrata.values import Value

MOST_STEPS: Final = 1_000_000  # from name to name before it is taken for a circle, which leads nowhere


class Thing:
    """Something with members and variables by name, and a type by which its methods are found.

    The empty name is the thing's own value.
    """

    __slots__ = ()

    def answers(self) -> bool:
        """Say whether members and variables may be asked for now."""
        return True

    def stands_for(self) -> "Thing | None":
        """Return the thing from which `path` leads to what this one stands for; None if it stands for itself."""
        return None

    def path(self) -> tuple[str, ...]:
        """Return the names that lead to what this one stands for; the first has been looked up already."""
        return ()

    def member(self, name: str) -> "Thing | None":
        """Return the member of that name."""
        return None

    def variable(self, name: str) -> Value | None:
        """Return the variable of that name."""
        return None

    def type(self) -> str:
        """Return the type in which methods are looked up, "" if there is none."""
        return ""


class Plain(Thing):
    """A value without members: arguments, loop names."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    def variable(self, name: str) -> Value | None:
        """Return the value under the empty name."""
        return None if name else self.value


class DeadEnd(Thing):
    """What a name that leads nowhere stands for."""

    __slots__ = ()

    def answers(self) -> bool:
        """Never answer."""
        return False


DEAD_END: Final = DeadEnd()


def unwrapped(thing: Thing) -> Thing:
    """Follow aliases and references to what they stand for."""
    inner = thing.stands_for()
    if inner is None or not thing.answers():
        return thing
    return _end_of(inner, thing.path())


def _end_of(thing: Thing, names: tuple[str, ...]) -> Thing:
    """Follow names, and whatever is met on the way that stands for something else, without recursion."""
    waiting: list[tuple[tuple[str, ...], int]] = []  # paths to go on with when the one at hand is done, and where
    at = 1
    for _ in range(MOST_STEPS):
        inner = thing.stands_for()
        if inner is not None and thing.answers():
            if at < len(names):
                waiting.append((names, at))
            names = thing.path()
            at = 1
            thing = inner
        elif at < len(names):
            member = thing.member(names[at]) if thing.answers() else None
            at += 1
            thing = member if member is not None else DEAD_END
        elif waiting:
            names, at = waiting.pop()
        else:
            return thing
    return DEAD_END


def follow_variable(thing: Thing, names: tuple[str, ...]) -> Value | None:
    """Read the variable that the names after the first lead to, from what the first one stands for."""
    thing = unwrapped(thing)
    last = len(names) - 1
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


def follow_thing(thing: Thing, names: tuple[str, ...]) -> Thing | None:
    """Return the thing that the names after the first lead to, from what the first one stands for."""
    thing = unwrapped(thing)
    for at in range(1, len(names)):
        if not thing.answers():
            return None
        inner = thing.member(names[at])
        if inner is None:
            return None
        thing = unwrapped(inner)
    return thing
