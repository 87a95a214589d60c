"""Marks and colours, on a terminal that wants them."""

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from typing import Any, TextIO
from unicodedata import east_asian_width

from netstrata.values import one_line

_COLOURS = {"up": "32", "complete": "32", "down": "33", "waiting": "33", "dying": "35", "undoing": "35", "failed": "31"}
_MARKS = {"up": "●", "complete": "●", "down": "◐", "waiting": "◐", "failed": "✗"}
_PARTS = re.compile("(\033\\[[0-9;]*m)")


class Paint:
    """How to make text stand out on one stream."""

    def __init__(self, stream: TextIO) -> None:
        self._terminal = stream.isatty()
        self._colour = self._terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._plain = (stream.encoding or "ascii").lower().replace("-", "") != "utf8"
        self.width = shutil.get_terminal_size().columns if self._terminal else 0  # 0 for any

    def _in(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour and code else text

    def bold(self, text: str) -> str:
        """Make text bold."""
        return self._in("1", text)

    def red(self, text: str) -> str:
        """Make text red."""
        return self._in("31", text)

    def green(self, text: str) -> str:
        """Make text green."""
        return self._in("32", text)

    def state(self, word: str) -> str:
        """Give a state its colour."""
        return self._in(_COLOURS.get(word, ""), word)

    def mark(self, word: str) -> str:
        """Return the mark of a state, in its colour."""
        mark = _MARKS.get(word, "○")
        if self._plain:
            mark = {"●": "+", "◐": "~", "✗": "x"}.get(mark, "-")
        return self._in(_COLOURS.get(word, ""), mark)

    def cut(self, text: str) -> str:
        """Cut a line that is too long for the terminal; colours take no place."""
        if not self.width or wide(text) <= self.width:
            return text
        found: list[str] = []
        room = self.width - 1
        for part in _PARTS.split(text):
            if _PARTS.fullmatch(part):
                found.append(part)
                continue
            for letter in part:
                room -= wide(letter)
                if room < 0:
                    return f"{''.join(found)}…{chr(27) + '[0m' if self._colour else ''}"
                found.append(letter)
        return text


def wide(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    plain = _PARTS.sub("", text)
    return len(plain) + (0 if plain.isascii() else sum(east_asian_width(letter) in "WF" for letter in plain))


def aligned(columns: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table, each column as wide as its widest cell."""
    padded: list[list[str]] = []
    for column in columns:
        width = max(map(wide, column))
        padded.append([cell + " " * (width - wide(cell)) for cell in column])
    return ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]


def harmless(answer: Any) -> Any:
    """Return an answer in which nothing can harm a terminal: children and networks in the air may say anything."""
    if isinstance(answer, str):
        return answer if answer.isprintable() else one_line(answer)
    if isinstance(answer, dict):
        return {key: harmless(value) for key, value in answer.items()}
    return [harmless(value) for value in answer] if isinstance(answer, list) else answer


def harmless_lines(text: str) -> str:
    """Return a text of several lines in which nothing else can harm a terminal."""
    return "\n".join(one_line(line) for line in text.expandtabs().split("\n"))
