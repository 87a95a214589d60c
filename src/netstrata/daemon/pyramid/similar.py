"""What somebody may have meant by a name that nothing has, in slices: there may be very many names."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from netstrata.control.answers import Slices
from netstrata.language.spelling import did_you_mean

LONGEST: Final = 200  # characters of a name that can be a slip of another
SHOWN: Final = 20  # names that are told if none is near
TOGETHER: Final = 20  # names of a slice


def similar_to(name: str, known: Iterable[str]) -> Slices[list[str]]:
    """Return the one name that is near to another; if none is, the first names there are."""
    first: list[str] = []
    best: str | None = None
    names = iter(known)
    while some := list(islice(names, TOGETHER)):
        if not first:
            first = some[:SHOWN]
        if len(name) <= LONGEST:
            best = did_you_mean(name, some if best is None else [best, *some])
        yield
    return [best] if best is not None else first
