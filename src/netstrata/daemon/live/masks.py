"""A text that somebody has edited without seeing its secrets: what the masks in it stand for.

It is known where a line is as it was shown, and where all masks of the text stand for one secret; else it is asked for.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from netstrata.contract.secrets import MASK
from netstrata.daemon.text.redaction import redacted
from netstrata.language.refusals import Mistake, Refusals
from netstrata.language.tokens import STRING, scan
from netstrata.values import Refused, Source

UNKNOWN: Final = f"which secret this {MASK} stands for is not known here"
HINT: Final = "write the secret itself, or leave the line as it was shown."


def unmasked(text: str, own: str, file: str) -> str:
    """Return an edited text with secrets instead of masks; `own` is the text that it was edited from, "" if none.

    Raises: Refusals, where a string holds a mask that may stand for more than one secret.
    """
    if MASK not in text or MASK in own:  # whoever has written it himself means it
        return text
    found = _restored(text, own)
    source = Source(file, found.encode("utf-8", "surrogateescape"))
    tokens = scan(source)
    mask = MASK.encode()
    guilty: list[Refused] = [
        Mistake(UNKNOWN, tokens.span(index), HINT)
        for index, word in enumerate(tokens.words)
        if tokens.kinds[index] == STRING and mask in word
    ]
    if guilty:
        raise Refusals(guilty)
    return found


def _restored(text: str, own: str) -> str:
    """Return a text with secrets instead of the masks of which it is known what they stand for."""
    known = _shown_lines(own)
    secrets = {piece for shown, lines in known.items() for line in lines for piece in _pieces(shown, line)}
    only = next(iter(secrets)) if len(secrets) == 1 else MASK
    edited = text.split("\n")
    counts = Counter(line.strip() for line in edited if MASK in line)
    taken: Counter[str] = Counter()
    for number, line in enumerate(edited):
        shown = line.strip()
        if MASK not in shown:
            continue
        lines = known.get(shown, [])
        if lines and (len(set(lines)) == 1 or len(lines) == counts[shown]):
            edited[number] = line.replace(shown, lines[taken[shown] % len(lines)])
            taken[shown] += 1
        else:
            edited[number] = line.replace(MASK, only)
    return "\n".join(edited)


def _shown_lines(own: str) -> dict[str, list[str]]:
    """Return the lines that have secrets, by what is shown of them."""
    lines = own.split("\n")
    shown = redacted(own).split("\n")
    found: dict[str, list[str]] = {}
    if len(shown) == len(lines):
        for told, line in zip(shown, lines, strict=True):
            if MASK in told:
                found.setdefault(told.strip(), []).append(line.strip())
    return found


def _pieces(shown: str, line: str) -> Iterator[str]:
    """Yield what the masks of a line stand for."""
    match = re.fullmatch("(.*?)".join(map(re.escape, shown.split(MASK))), line)
    yield from match.groups() if match is not None else ()
