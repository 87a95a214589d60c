"""How a kind of fault is declared: a function with a docstring, that is given the seams and its arguments.

    @impairment
    def slow_news(seams: Seams, *, by_ms: int = 100) -> None:
        \"""Hear of each change so many milliseconds later.\"""
        seams.sockets.append(lambda opens: ...)

The kind above is `slow-news`, or `slow-news:by_ms=50`.  Arguments are keywords of type int, float, str or a Literal of
words; those without a default have to be given.
"""

import inspect
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

from netstrata.testing.impair.seams import Seams

Install = Callable[..., None]
Read = Callable[[str], Any]
_READERS: Final[dict[Any, tuple[str, Read]]] = {
    int: ("a whole number", int),
    float: ("a number", float),
    str: ("a text", str),
}


def reader_of(annotation: Any) -> tuple[str, Read] | None:
    """Return what an argument of a type has to be, in words, and what reads it or raises ValueError."""
    words = get_args(annotation)
    if get_origin(annotation) is Literal:
        return " or ".join(words), lambda text: words[words.index(text)]
    return _READERS.get(annotation)


class Kind(NamedTuple):
    """One kind of fault."""

    name: str
    told: str  # the first line of its docstring
    arguments: dict[str, inspect.Parameter]
    install: Install


KINDS: Final[dict[str, Kind]] = {}  # by name; filled as the modules of the room are loaded


def impairment(install: Install) -> Install:
    """Declare a kind of fault.

    Raises: TypeError if it has no docstring, or arguments that cannot be read.
    """
    name = install.__name__.replace("_", "-")
    told = (install.__doc__ or "").partition("\n")[0]
    seams, *rest = inspect.signature(install).parameters.values()
    if not told or seams.annotation is not Seams or not all(reader_of(one.annotation) for one in rest):
        raise TypeError(f"{name}: a fault has a docstring, seams, and arguments that can be read")
    KINDS[name] = Kind(name, told, {one.name: one for one in rest}, install)
    return install
