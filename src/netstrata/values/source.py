"""Where a piece of program text stands."""

from bisect import bisect_right
from typing import NamedTuple

from netstrata.values.compiler_hints import mypyc_attr


class Move(NamedTuple):
    """How far a source has moved from an offset on, because its file has changed since it was read."""

    start: int
    bytes: int
    lines: int


def _start_of(move: Move) -> int:
    return move.start


@mypyc_attr(acyclic=True)
class Source:
    """One program text: its name as the user wrote it, and its bytes.

    It is a whole file as it was read, or some lines of one.  `moves`, in the order of their starts, say where it stands
    in its file now.
    """

    __slots__ = ("_starts", "moves", "name", "text")

    def __init__(self, name: str, text: bytes) -> None:
        self.name = name
        self.text = text
        self.moves: list[Move] = []
        self._starts: list[int] | None = None

    def _line_starts(self) -> list[int]:
        starts = self._starts
        if starts is None:
            starts = [0]
            at = self.text.find(b"\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find(b"\n", at + 1)
            self._starts = starts
        return starts

    def moved(self, offset: int) -> Move:
        """Say how far an offset has moved."""
        index = bisect_right(self.moves, offset, key=_start_of)
        return self.moves[index - 1] if index else Move(0, 0, 0)

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Say where an offset stands: line and column, both from 1, columns in bytes."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        column = offset - starts[line - 1] + 1
        return (line + self.moved(offset).lines if self.moves else line), column

    def line_around(self, offset: int) -> bytes:
        """Return the line that an offset stands in, without its line feed."""
        start = self.text.rfind(b"\n", 0, offset) + 1
        end = self.text.find(b"\n", offset)
        return self.text[start : end if end >= 0 else len(self.text)]


@mypyc_attr(acyclic=True)
class Span:
    """A stretch of a source: byte offsets, start included, end not."""

    __slots__ = ("end", "source", "start")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end

    @property
    def line(self) -> int:
        """The line of the first byte, from 1."""
        return self.source.line_and_column(self.start)[0]

    @property
    def column(self) -> int:
        """The column of the first byte, from 1, in bytes."""
        return self.source.line_and_column(self.start)[1]

    def __str__(self) -> str:
        line, column = self.source.line_and_column(self.start)
        return f"{self.source.name}:{line}:{column}"

    def to(self, other: "Span") -> "Span":
        """Return the stretch from here to the end of another one."""
        return Span(self.source, self.start, other.end)
