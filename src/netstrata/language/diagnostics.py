"""Refusals as text for people, and as the log lines of NCD.  Nothing is printed here."""

from collections.abc import Sequence
from typing import Final

from netstrata.language.refusals import Mistake, Refusals
from netstrata.values import Refused, Span, one_line

# The widest piece of a source line that is shown; longer lines are cut around the caret.
_WIDTH: Final = 120
_CUT: Final = "…"
_LOG_LIMIT: Final = 2047


def render(refused: Refused, severity: str = "error") -> str:
    """Return a refusal as lines: what is wrong, where, the source line with a caret, what to do."""
    lines = [f"{severity}: {one_line(refused.message)}"]
    if refused.span is not None:
        lines.extend(_place(refused.span))
    if refused.hint:
        lines.append(f"help: {one_line(refused.hint)}")
    return "\n".join(lines) + "\n"


def render_all(refused: Sequence[Refused], severity: str = "error") -> str:
    """Return several refusals, a blank line between them."""
    return "\n".join(render(one, severity) for one in refused)


def ncd_log_lines(refusals: Refusals) -> list[tuple[str, str, str]]:
    """Return what NCD logs when it refuses a program: channel, level and text of each line, in order.

    NCD stops at the first mistake, so only the first one counts.
    Source: the log messages of NCD 1.999.130.
    """
    first = refusals.refused[0]
    lines: list[tuple[str, str, str]] = []
    if isinstance(first, Mistake):
        lines.extend((channel, "ERROR", text) for channel, text in first.ncd)
    if not lines or lines[-1][0] == "NCDBuildProgram":
        lines.append(("ncd", "ERROR", "failed to build program"))
    return [(channel, level, text[:_LOG_LIMIT]) for channel, level, text in lines]


def _place(span: Span) -> list[str]:
    source = span.source
    line_number, column = source.line_and_column(span.start)
    text = source.line_around(span.start)
    start = column - 1
    end = min(max(start + span.end - span.start, start + 1), max(len(text), start + 1))
    before, guilty, after = _window(text, start, end)
    number = str(line_number)
    gutter = " " * (len(number) + 1)
    marks = "^" * max(columns(guilty), 1)
    return [
        f"{' ' * len(number)}--> {one_line(source.name)}:{line_number}:{column}",
        f"{number} | {before}{guilty}{after}".rstrip(),
        f"{gutter}| {' ' * columns(before)}{marks}",
    ]


def _window(text: bytes, start: int, end: int) -> tuple[str, str, str]:
    """Return a line in three shown parts, before, in and after a stretch of it, cut to a bearable width."""
    near = text[max(0, start - _WIDTH) : start + _WIDTH]
    width = _WIDTH if len(shown(near)) < 2 * len(near) else _WIDTH // 4
    if len(text) <= width:
        return shown(text[:start]), shown(text[start:end]), shown(text[end:])
    first = max(0, min(start - width // 3, len(text) - width))
    last = min(len(text), first + width)
    while 0 < first < start and text[first] & 0xC0 == 0x80:
        first += 1
    end = min(end, last)
    before = (_CUT if first else "") + shown(text[first:start])
    return before, shown(text[start:end]), shown(text[end:last]) + (_CUT if last < len(text) else "")


def shown(text: bytes) -> str:
    """Return bytes of a source line as safe text: tabs become four spaces, what does not print an escape."""
    return one_line(text.replace(b"\t", b"    ").rstrip(b"\r").decode("utf-8", "surrogateescape"))


def columns(text: str) -> int:
    """Return how many columns safe text takes in a terminal; wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
