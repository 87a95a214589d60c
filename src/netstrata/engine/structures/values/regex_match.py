"""regex_match: whether a regular expression matches, and what its groups matched."""

from netstrata.contract.shapes.common import TEXT, TRUTH, WORD
from netstrata.engine.process import Statement
from netstrata.engine.structure import gives, structure, takes
from netstrata.values import Value, boolean, parse_number


class RegexMatch(Statement):
    """A text, and where the groups of an expression matched in it."""

    __slots__ = ("places", "text")

    def begin(self, values: list[Value]) -> None:
        """Match once."""
        from netstrata.protocols.regex import GROUPS, compiled  # brings ctypes along, which few programs need

        text = TEXT.read(values[0])
        if text is None:
            raise TEXT.refusal(0)
        pattern = WORD.read(values[1])
        if pattern is None:
            raise WORD.refusal(1)
        self.text = text
        self.places = compiled(pattern).find(text, 0, GROUPS)
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return `succeeded`, or what a group matched."""
        if name == "succeeded":
            return boolean(self.places is not None)
        if self.places is None or not name.startswith("match"):
            return None
        group = parse_number(name[5:].encode("latin-1"), len(self.places) - 1)
        if group is None:
            return None
        start, end = self.places[group]
        return self.text[start:end] if start >= 0 else None


structure(
    "regex_match",
    RegexMatch,
    takes(("text", TEXT), ("regex", WORD)),
    """Match a text with a regular expression; `match1` is what its first group matched, and so on up to `match63`.

    Expressions are POSIX extended ones, of bytes; the longest of the leftmost matches counts.

    Example:
        regex_match("eth0.7", "^(.*)[.]([0-9]+)$") m;
        println(m.succeeded, " ", m.match1, " ", m.match2);  # true eth0 7

    Source: regex(7).
    """,
    gives(succeeded=TRUTH, match0=TEXT, match1=TEXT),
)
