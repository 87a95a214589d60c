"""concatv: the strings of a list put together."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Strings, Text


@computes("concatv")
def concatv(parts: Strings) -> Text:
    """Put the strings of a list together.

    Example:
        concatv({"a", "b", "c"}) s;
        println(s);  # abc

    Source: NCD, concatv.
    """
    return b"".join(parts)
