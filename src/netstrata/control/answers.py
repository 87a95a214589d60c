"""Answers, made a slice at a time: whoever answers does something else between two slices.  No sockets, no clock.

    Slices[T]   a generator that stops after each slice of its work, and returns a T
    Waiting[T]  the same, which may also yield something Awaited, and is gone on with once that has come
    Items       a list, made element by element; None is no element, but the end of a slice
    Answer      what a verb answers, by name

An answer may hold Items wherever it would hold a list: its text is made as the elements are.
"""

import json
from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol, TypeVar


class Awaited(Protocol):
    """What an answer waits for, as a Future of asyncio's."""

    def done(self) -> bool:
        """Whether it has come."""

    def add_done_callback(self, callback: Callable[[Any], object], /) -> None:
        """Call when it comes."""


T = TypeVar("T")


class Later:
    """Something that answers wait for."""

    __slots__ = ("_calls", "_has_come")

    def __init__(self) -> None:
        self._has_come = False
        self._calls: list[Callable[[Any], object]] = []

    def come(self) -> None:
        """Say that it has come."""
        self._has_come = True
        calls, self._calls = self._calls, []
        for call in calls:
            call(self)

    def done(self) -> bool:
        """Whether it has come."""
        return self._has_come

    def add_done_callback(self, callback: Callable[[Any], object], /) -> None:
        """Call one when it comes, at once if it has."""
        if self._has_come:
            callback(self)
        else:
            self._calls.append(callback)


Slices = Generator[None, None, T]
Waiting = Generator[Awaited | None, None, T]
Items = Iterator[Any]
Answer = dict[str, Any]
Clean = Callable[[Any], Any]  # what JSON can hold, to what may be told of it


def finish(work: Waiting[T]) -> T:
    """Do all of some work at once, and return what comes of it; it waits for nothing that has not come."""
    while True:
        try:
            awaited = next(work)
            assert awaited is None or awaited.done()
        except StopIteration as end:
            found: T = end.value
            return found


def text_of(value: Any, clean: Clean, before: str = "") -> Iterator[str | None]:
    """Yield the JSON of an answer piece by piece; None is the end of a slice with nothing to send yet.

    What comes before goes with the first piece, so that an answer whose first elements fail has told nothing yet.
    """
    if isinstance(value, Iterator):
        before += "["
        for element in value:
            if element is None:
                yield None
                continue
            yield from text_of(element, clean, before)
            before = ","
        yield "]" if before == "," else before + "]"
    elif _is_unmade(value):
        before += "{"
        for name, part in value.items():
            if _is_unmade(part):
                yield from text_of(part, clean, f"{before}{json.dumps(name)}:")
            else:
                yield before + encode(clean({name: part}))[1:-1]
            before = ","
        yield "}"
    else:
        yield before + encode(clean(value))


def _is_unmade(value: Any) -> bool:
    """Say whether a value is made as its text is."""
    return isinstance(value, Iterator) or (isinstance(value, dict) and any(map(_is_unmade, value.values())))


def whole(value: Any) -> Any:
    """Return an answer with lists in the place of all Items."""
    if isinstance(value, Iterator):
        return [whole(element) for element in value if element is not None]
    return {name: whole(part) for name, part in value.items()} if isinstance(value, dict) else value


def encode(value: Any) -> str:
    """Return what JSON can hold as JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))
