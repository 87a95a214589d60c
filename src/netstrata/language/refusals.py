"""How a program is refused: every mistake of one reading together, each with what NCD would log for it."""

from netstrata.values import Refused, Span

MOST_MISTAKES = 25


class Mistake(Refused):
    """Something wrong in a program text, found before anything runs.

    `ncd` holds the lines NCD logs first for it: channel and text, in order.
    """

    def __init__(
        self, message: str, span: Span | None = None, hint: str = "", ncd: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message, span, hint)
        self.ncd = ncd


class Refusals(Exception):
    """A program that was refused, with all its mistakes in the order they were found; never empty."""

    def __init__(self, refused: list[Refused]) -> None:
        super().__init__(refused)
        self.refused = refused

    def __str__(self) -> str:
        return "\n".join(str(one) for one in self.refused)


def printable(text: bytes, most: int = 60) -> str:
    """Return bytes as one line of text for a message: escapes for what does not print, a tail cut off."""
    shown = text[: most * 4].decode("utf-8", "backslashreplace")
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
    return safe if len(safe) <= most and len(text) <= most * 4 else safe[:most] + "…"
