"""Where a piece of program text stands."""

from bisect import bisect_right

from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(acyclic=True)
class Source:
    """One program text: its name as the user wrote it, and its bytes."""

    __slots__ = ("_starts", "name", "text")

    def __init__(self, name: str, text: bytes) -> None:
        self.name = name
        self.text = text
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

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Say where an offset stands: line and column, both from 1, columns in bytes."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> bytes:
        """Return one line, counted from 1, without its line feed."""
        starts = self._line_starts()
        start = starts[number - 1]
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[start:end]


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
