"""One canonical layout for a program text: `netstrata fmt`.

It works on tokens, not on the tree, so that whatever is not layout (string literals, `@a.b`, parentheses, comments)
stays as it was written.  Comments stay where they belong: above, behind, inside brackets, before `else`; one in a
place where no layout could keep it moves above what it stands in.
"""

from typing import Final

from netstrata.language.parser import parse
from netstrata.language.pieces import Group, Line, Remark, lines_of
from netstrata.language.refusals import Refusals
from netstrata.values import Source

WIDTH: Final = 100
INDENT: Final = 4


def format_program(path: str, text: bytes) -> bytes:
    """Return a program in the one layout; its meaning stays, and laying it out again changes nothing.

    Raises: Refusals, if it does not parse.
    """
    source = Source(path, text)
    _, mistakes = parse(source)
    if mistakes:
        raise Refusals(list(mistakes))
    writer = _Writer()
    for line in lines_of(source):
        writer.line(line)
    return writer.text()


class _Writer:
    """The output, line by line."""

    def __init__(self) -> None:
        self._out: list[bytes] = []
        self._opened = 0  # how many lines there were when a block opened last

    def text(self) -> bytes:
        """Return everything written."""
        return b"".join(piece + b"\n" for piece in self._out)

    def line(self, line: Line) -> None:
        """Write a logical line: the comments above it, itself, what stands behind it."""
        inside = line.depth + 1 if line.closes else line.depth
        self._remarks(line.leading, inside * INDENT)
        if not line.parts:
            return
        if line.blank and not line.closes:
            self._blank()
        indent = line.depth * INDENT
        start = len(self._out)
        parts = line.parts
        if line.between:
            self._out.append(b" " * indent + b"}")
            self._between(line.between, indent)
            parts = [part.lstrip() if isinstance(part, bytes) else part for part in parts[1:2]] + parts[2:]
        self._parts(parts, indent)
        if line.opens:
            self._opened = len(self._out)
        self._behind(line.trailing, indent, start)

    def _blank(self) -> None:
        """Write an empty line, but never first, twice, or at the beginning of a block."""
        if self._out and self._out[-1] and self._opened != len(self._out):
            self._out.append(b"")

    def _between(self, remarks: list[Remark], indent: int) -> None:
        """Write the comments behind a `}` whose line goes on after them."""
        if not remarks[0].own_line:
            self._out[-1] += b"  " + remarks[0].text
            remarks = remarks[1:]
        self._out.extend(b" " * indent + remark.text for remark in remarks)

    def _remarks(self, remarks: list[Remark], indent: int) -> None:
        for remark in remarks:
            if remark.blank:
                self._blank()
            self._out.append(b" " * indent + remark.text)

    def _behind(self, remarks: list[Remark], indent: int, start: int) -> None:
        """Write the comments behind what was written since a line; the first on the same line."""
        for index, remark in enumerate(remarks):
            if index == 0 and len(self._out) > start:
                self._out[-1] += b"  " + remark.text
            else:
                self._out.append(b" " * indent + remark.text)

    def _parts(self, parts: list[bytes | Group], indent: int, comma: bytes = b"") -> None:
        """Write words and brackets that belong together, breaking as many brackets as it takes to fit."""
        broken = _to_break(parts, indent, len(comma))
        current = b" " * indent
        for part in parts:
            if isinstance(part, bytes):
                current += part
            elif part not in broken:
                current += part.flat
            else:
                self._out.append(current + part.open)
                self._group(part, indent + INDENT)
                current = b" " * indent + part.close
        self._out.append(current + comma)

    def _group(self, group: Group, indent: int) -> None:
        """Write what stands in a broken bracket, one element a line."""
        last = len(group.items) - 1
        for index, item in enumerate(group.items):
            for remark in item.leading:
                self._out.append(b" " * indent + remark.text)
            start = len(self._out)
            self._parts(item.parts, indent, b"," if index < last else b"")
            self._behind(item.trailing, indent, start)
        for remark in group.dangling:
            self._out.append(b" " * indent + remark.text)


def _to_break(parts: list[bytes | Group], indent: int, reserve: int) -> list[Group]:
    """Choose the brackets to break: all with comments in them, then the widest until every line fits."""
    groups = [part for part in parts if isinstance(part, Group)]
    broken = [group for group in groups if group.commented]
    waiting = sorted(
        (group for group in groups if not group.commented and group.items), key=lambda group: -len(group.flat)
    )
    while waiting and _widest(parts, broken, indent, reserve) > WIDTH:
        broken.append(waiting.pop(0))
    return broken


def _widest(parts: list[bytes | Group], broken: list[Group], indent: int, reserve: int) -> int:
    """Return the width of the widest line between broken brackets."""
    widest = 0
    column = indent
    for part in parts:
        if isinstance(part, bytes):
            column += len(part)
        elif part in broken:
            widest = max(widest, column + 1)
            column = indent + 1
        else:
            column += len(part.flat)
    return max(widest, column + reserve)
