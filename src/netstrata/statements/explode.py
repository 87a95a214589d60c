"""explode: a string cut at each delimiter."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Delimiter, PieceLimit, Strings, Text


@computes("explode")
def explode(delimiter: Delimiter, text: Text, limit: PieceLimit = 0) -> Strings:
    """Cut a string at each delimiter, found from left to right, into at most so many pieces.

    The last piece holds what is left uncut; without a limit everything is cut.

    Example:
        explode(",", "a,b,c") all;
        explode(",", "a,b,c", "2") two;
        println(@encode_value(all), @encode_value(two));  # {"a", "b", "c"}{"a", "b,c"}

    Source: NCD, explode.
    """
    return text.split(delimiter, min(limit, len(text) + 1) - 1)
