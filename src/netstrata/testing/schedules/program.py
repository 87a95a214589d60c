"""A program as a tree of statements, of which parts can be left out."""

from collections.abc import Iterator
from typing import NamedTuple


class Node(NamedTuple):
    """One statement; a block has others in it."""

    text: str  # of a block, what is before its brace
    body: "tuple[Node, ...] | None" = None

    def lines(self, depth: int) -> Iterator[str]:
        """Yield the lines of a program."""
        indent = "    " * depth
        if self.body is None:
            yield indent + self.text
            return
        yield f"{indent}{self.text} {{"
        for one in self.body:
            yield from one.lines(depth + 1)
        yield indent + "};"

    def size(self) -> int:
        """Return how many statements it is."""
        return 1 + sum(one.size() for one in self.body or ())


class Program(NamedTuple):
    """Processes and templates: each has what is written before its brace, and statements."""

    parts: tuple[Node, ...]

    @property
    def text(self) -> str:
        """The program."""
        lines = (line for part in self.parts for line in part.lines(0))
        return "\n".join("}" if line == "};" else line for line in lines) + "\n"

    def size(self) -> int:
        """Return how many statements it has."""
        return sum(part.size() - 1 for part in self.parts)

    def smaller(self) -> "Iterator[Program]":
        """Yield programs with less in them, those that lack most first."""
        for parts in _without(self.parts):
            yield Program(parts)

    def edited(self, number: int) -> "Program":
        """Return a program with one edit, the same for each number: less, a statement more, or another order."""
        parts = [part for part in self.parts if part.text.startswith("process") and part.body]
        number, kind = divmod(number, 3)
        if kind == 0 or not parts:
            smaller = list(self.smaller())
            return smaller[number % len(smaller)] if smaller else self
        number, which = divmod(number, len(parts))
        edited = parts[which]
        body = list(edited.body or ())
        number, place = divmod(number, len(body))
        if kind == 1:
            statements = [node for part in parts for node in part.body or ()]
            body.insert(place, statements[number % len(statements)])
        else:
            body.append(body.pop(place))
        return Program(tuple(Node(one.text, tuple(body)) if one is edited else one for one in self.parts))


def _without(nodes: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
    """Yield these nodes without one of them, with a block opened, or with less in a block."""
    for number in range(len(nodes)):
        yield nodes[:number] + nodes[number + 1 :]
    for number, node in enumerate(nodes):
        before, after = nodes[:number], nodes[number + 1 :]
        if node.body is None:
            continue
        if not node.text.startswith(("process", "template")):
            yield before + node.body + after
        for body in _without(node.body):
            yield (*before, Node(node.text, body), *after)
