"""implode: strings joined with something between them."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Strings, Text
from netstrata.values import MOST_WEIGHT, Refused


@computes("implode")
def implode(glue: Text, pieces: Strings) -> Text:
    """Join strings with a glue between them.

    Example:
        implode(", ", {"a", "b", "c"}) s;
        println(s);  # a, b, c

    Source: NCD, implode.
    """
    if len(glue) * len(pieces) > MOST_WEIGHT:
        raise Refused(f"the result would be too large: {len(pieces)} pieces with {len(glue)} bytes in between")
    return glue.join(pieces)
