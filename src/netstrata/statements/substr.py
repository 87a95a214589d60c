"""substr: a part of a string."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Number, Text
from netstrata.values import Refused

ALL = 2**64 - 1


@computes("substr")
def substr(text: Text, start: Number, longest: Number = ALL) -> Text:
    """Cut out the bytes from an offset on, at most so many.

    Example:
        substr("netstrata", "3", "3") s;
        println(s);  # str

    Source: NCD, substr.
    """
    if start > len(text):
        raise Refused(f"there is no offset {start}: the string has {len(text)} bytes", argument=1)
    return text[start : start + longest]
