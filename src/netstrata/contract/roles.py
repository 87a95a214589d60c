"""What a statement is to others of its program: who tells of programs asks this, and never for a statement's name."""

from collections.abc import Callable
from typing import Final, NamedTuple

from netstrata.values import Refused, Value

NAMES: Final = "names"  # the program's own name space, which goals share

# When a method changes its object's value: a bit for each.
BY_BEING_UP: Final = 1
BY_BEING_GONE: Final = 2


class Roles(NamedTuple):
    """The roles of one statement or method; most have none.

    `provides`, `wants` and `raised_by`: the name space of what it provides, waits for, or comes up for when somebody
    asks: its first argument, or, of what it wants, each element of it.  `asks`: what it wants is asked for, too.
    `calls`: the process that it runs stands in its place.
    `runs`: which templates of those that it names: `all`, the `first`, `one` by its first argument, one for `each`
    element of that, or "" for none, as others have them run.
    `forwards`: it stands for what its first argument, a path, leads to: the names that come before the path.
    `keeps`: what it can only hold while nobody takes that away, made of its arguments; `takes`: what it takes away.
    `doubts`: what of its arguments cannot be meant so, as a warning about one of them.
    `comes`: what it waits for comes by itself, for it has asked for it, or time brings it.
    `holds`: what its value is, made of its arguments.  `changes`: when it changes the value of what it is called on.
    """

    provides: str = ""
    wants: str = ""
    raised_by: str = ""
    asks: bool = False
    calls: bool = False
    runs: str = "all"
    forwards: tuple[str, ...] | None = None
    holds: Callable[[list[Value]], Value] | None = None
    changes: int = 0
    keeps: Callable[[list[Value]], Value | None] | None = None
    takes: Callable[[list[Value]], Value | None] | None = None
    doubts: Callable[[list[Value]], Refused | None] | None = None
    comes: bool = False


NO_ROLES: Final = Roles()
