"""compile_search: a delimiter kept for use, and its explode."""

from typing import cast

from netstrata.contract.shapes.common import DELIMITER, PIECE_LIMIT, STRINGS, TEXT
from netstrata.engine.process import Statement
from netstrata.engine.structure import gives, maybe, structure, takes
from netstrata.values import List, Value


class CompileSearch(Statement):
    """A delimiter."""

    __slots__ = ("delimiter",)

    def begin(self, values: list[Value]) -> None:
        """Keep it."""
        self.delimiter: bytes = self.declaration.bind(values)[0]
        self.up()


class Explode(Statement):
    """A text cut at each delimiter."""

    __slots__ = ("pieces",)

    def begin(self, values: list[Value]) -> None:
        """Cut the text."""
        text, limit = self.declaration.bind(values)
        delimiter = cast(CompileSearch, self.target).delimiter
        self.pieces: list[Value] = text.split(delimiter, min(limit, len(text) + 1) - 1)
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return the pieces under the empty name."""
        return None if name else List(self.pieces)


_EXAMPLE = """
    Example:
        compile_search(",") comma;
        comma->explode("a,b,c") all;
        comma->explode("a,b,c", "2") two;
        println(@encode_value(all), @encode_value(two));  # {"a", "b", "c"}{"a", "b,c"}
    """
structure("compile_search", CompileSearch, takes(("delimiter", DELIMITER)), "Keep a delimiter for use.\n" + _EXAMPLE)
structure(
    "compile_search::explode",
    Explode,
    takes(("text", TEXT)) + maybe("limit", PIECE_LIMIT, 0),
    "Cut a string at each delimiter, into at most so many pieces; the last one holds what is left.\n" + _EXAMPLE,
    gives(value_=STRINGS),
)
