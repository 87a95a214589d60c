"""Texts that become lines of terminals and of files which others read: what would become another line is none.

Programs differ in what ends a line: a line feed for all of them, a carriage return and a NUL for systemd's, and where
their buffer is full, for those that read with fgets(3).
"""

from typing import Final

from netstrata.values.errors import Refused

_ENDS: Final = ((b"\n", "a line feed"), (b"\r", "a carriage return"), (b"\0", "a NUL"))


def line_fault(text: bytes, most: int) -> str:
    """Return why a text would be read as more than one line; "" if it would not.

    Shapes: most is how many bytes are read as one line, without its end.
    """
    for end, name in _ENDS:
        if end in text:
            return f"it has {name} in it"
    return f"it is {len(text)} bytes long, and only {most} are read as one line" if len(text) > most else ""


def joined_lines(lines: list[str], most: int) -> str:
    """Return the text of a file; this is the last door, behind the shapes, where nothing passes that is two lines.

    Raises: Refused, which names the line by its beginning.
    """
    for line in lines:
        fault = line_fault(line.encode("utf-8", "surrogateescape"), most)
        if fault:
            word = line.strip().partition("=")[0][:40]
            raise Refused(f"the line of {word!r} cannot be written: {fault}", hint=f"one line, up to {most} bytes")
    return "".join(f"{line}\n" for line in lines)


def one_line(text: str) -> str:
    """Return text in which everything that could harm a terminal or break the line is an escape."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a path that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
