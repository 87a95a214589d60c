"""Where the processes and templates of a text end, without reading what is in them."""

import re
from typing import Final

_MARK: Final = re.compile(rb"""[{}]|\#[^\n]*+|"[^"\\]*+(?:\\[\s\S][^"\\]*+)*+(?:"|\Z)""")


def boundaries(text: bytes) -> list[int]:
    """Return the offsets behind each process and template, and that of the end of the text.

    Only that of the end, if braces do not match.
    """
    found: list[int] = []
    depth = 0
    for match in _MARK.finditer(text):
        first = text[match.start()]
        if first == 123:  # {
            depth += 1
        elif first == 125:  # }
            depth -= 1
            if depth < 0:
                break
            if depth == 0:
                found.append(match.end())
    size = len(text)
    if depth:
        return [size]
    if not found or found[-1] != size:
        found.append(size)
    return found
