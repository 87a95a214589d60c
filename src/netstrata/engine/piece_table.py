"""Where the processes and templates of one file of the program stand in it now, and what of it another text keeps.

The file is known as a piece table: runs of sources, one behind the other.  At first that is the whole file as it was
read.  Of another text only what differs is read, each process and template as a source of its own; all else is the code
that there is, whose source is told how far it has moved.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator
from typing import Final, NamedTuple

from netstrata.engine.program import Code
from netstrata.language.parser import parse
from netstrata.language.stretches import after_blank, end_of_element, indent, is_blank, name_at, same
from netstrata.language.tree import Process
from netstrata.values import Move, Source

MOST_RUNS: Final = 1000  # beyond which the file is read as a whole again

Codes = dict[str, Code]


class Run(NamedTuple):
    """A stretch of a source that stands in the file."""

    source: Source
    start: int
    end: int
    move: Move  # of what is in it


class Region(NamedTuple):
    """Some processes and templates of the file, by their indexes, and what another text has in their place.

    Shapes: pieces are processes as they were read, and code that there is already.
    """

    first: int
    last: int
    pieces: list[Process | Code]


class OtherText(NamedTuple):
    """Another text of the file: where it differs, in order, and the sources that it is made of."""

    text: bytes
    regions: list[Region]
    runs: list[Run]


class PieceTable:
    """One file: its text, its processes and templates in order, and the sources that they are of."""

    def __init__(self, name: str, text: bytes, codes: list[Code], runs: list[Run]) -> None:
        self.name = name
        self.text = text
        self.codes = codes
        self._runs = runs

    def become(self, other: OtherText, code: Callable[[str], Code | None]) -> None:
        """Have another text, and let the sources know where they stand now.

        Shapes: code finds that of each name.
        """
        for region in reversed(other.regions):
            codes = [code(piece.name) for piece in region.pieces]
            self.codes[region.first : region.last] = [one for one in codes if one is not None]
        self.text = other.text
        self._runs = other.runs
        moves: dict[Source, list[Move]] = {}
        for run in self._runs:
            moves.setdefault(run.source, []).append(run.move._replace(start=run.start))
        for source, found in moves.items():
            found.sort()
            source.moves = found

    def read(self, text: bytes, codes: Codes) -> Generator[None, None, OtherText | None]:
        """Read what differs in another text; None if that cannot be told apart from the rest, or is refused.

        Shapes: codes are all of the program.
        """
        reading = _Reading(self, text, codes)
        while reading.go_on():
            yield
        regions = reading.regions()
        if reading.is_in_doubt or len(reading.runs) > MOST_RUNS or not all(map(self._is_only_code, regions)):
            return None
        return OtherText(text, regions, reading.runs)

    def _is_only_code(self, region: Region) -> bool:
        """Say whether nothing else stands in a region of the file, such as what it includes."""
        at = _end(self.codes[region.first - 1]) if region.first else 0
        for code in self.codes[region.first : region.last]:
            if not is_blank(self.text, at, _begin(code)):
                return False
            at = _end(code)
        behind = self.codes[region.last : region.last + 1]
        return is_blank(self.text, at, _begin(behind[0]) if behind else len(self.text))

    def find(self, code: Code) -> int:
        """Return the index of some code, -1 if it is none of this file's."""
        if code.span.source.name != self.name:
            return -1
        index = bisect_left(self.codes, _begin(code), key=_begin)
        return index if index < len(self.codes) and self.codes[index] is code else -1

    def runs_of(self, first: int, last: int, more: int, lines: int) -> list[Run]:
        """Return the runs that some code is in, moved by so many bytes and lines."""
        start, end = _begin(self.codes[first]), _end(self.codes[last - 1])
        found: list[Run] = []
        for run in self._runs:
            moved = run.move.bytes
            if run.start + moved < end and start < run.end + moved:
                move = Move(0, moved + more, run.move.lines + lines)
                found.append(Run(run.source, max(run.start, start - moved), min(run.end, end - moved), move))
        return found


class _Reading:
    """Another text of a file being read: what is as it was is passed over at once, as far as that goes."""

    def __init__(self, table: PieceTable, text: bytes, codes: Codes) -> None:
        self.runs: list[Run] = []
        self.is_in_doubt = False
        self._table = table
        self._text = text
        self._codes = codes
        self._pieces: list[tuple[int, int] | Process] = []  # kept code, from an index to another one, or what was read
        self._at = 0
        self._lines = _Lines(text)
        self._old_lines = _Lines(table.text)

    def go_on(self) -> bool:
        """Read the next process or template, or pass over as many as are as they were; say whether there was one."""
        begin = after_blank(self._text, self._at)
        if self.is_in_doubt or begin == len(self._text):
            return False
        before = indent(self._text, self._at, begin)
        if before is None:  # it begins in the line of another one
            self.is_in_doubt = True
        elif not self._keep(begin, before):
            self._read(begin - len(before), end_of_element(self._text, begin))
        return True

    def regions(self) -> list[Region]:
        """Return where it differs."""
        found: list[Region] = []
        behind = 0
        pieces: list[Process | Code] = []
        count = len(self._table.codes)
        for piece in [*self._pieces, (count, count)]:
            if isinstance(piece, Process):
                pieces.append(piece)
                continue
            first, last = piece
            if first < behind:  # it is in another order
                return [Region(0, count, self._all_pieces())]
            if pieces or first > behind:
                found.append(Region(behind, first, pieces))
            behind, pieces = last, []
        return found

    def _all_pieces(self) -> list[Process | Code]:
        found: list[Process | Code] = []
        for piece in self._pieces:
            if isinstance(piece, Process):
                found.append(piece)
            else:
                found += self._table.codes[piece[0] : piece[1]]
        return found

    def _keep(self, begin: int, before: bytes) -> bool:
        """Pass over what is there as it was, if it is; it may have moved."""
        table = self._table
        code = self._codes.get(name_at(self._text, begin))
        index = table.find(code) if code is not None else -1
        if index < 0:
            return False
        start = _begin(table.codes[index])
        behind = start + same(table.text, start, self._text, begin)
        last = bisect_right(table.codes, behind, lo=index, key=_end)
        if last == index or indent(table.text, 0, start) != before:
            return False
        self._pieces.append((index, last))
        lines = self._lines.before(begin) - self._old_lines.before(start)
        self.runs += table.runs_of(index, last, begin - start, lines)
        self._at = begin + _end(table.codes[last - 1]) - start
        return True

    def _read(self, begin: int, end: int) -> None:
        """Read what is there up to its end, as a source of whole lines."""
        line_end = self._text.find(b"\n", end)
        if line_end < 0:
            line_end = len(self._text)
        source = Source(self._table.name, self._text[begin:line_end])
        move = Move(0, begin, self._lines.before(begin))
        source.moves = [move]
        self.runs.append(Run(source, 0, end - begin, move))
        file, mistakes = parse(source)
        element = file.elements[0] if len(file.elements) == 1 and not mistakes else None
        if isinstance(element, Process):
            self._pieces.append(element)
            self._at = end
        else:
            self.is_in_doubt = True


class _Lines:
    """Counts the line feeds before places of a text, most of them one behind the other."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0
        self._count = 0

    def before(self, offset: int) -> int:
        """Return how many there are before an offset."""
        if offset < self._at:
            self._at = self._count = 0
        self._count += self._text.count(b"\n", self._at, offset)
        self._at = offset
        return self._count


def _begin(code: Code) -> int:
    """Return where code begins in its file now."""
    span = code.span
    return span.start + span.source.moved(span.start).bytes


def _end(code: Code) -> int:
    """Return where code ends in its file now."""
    span = code.span
    return span.end + span.source.moved(span.start).bytes
