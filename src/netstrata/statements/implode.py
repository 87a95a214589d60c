"""implode: strings joined with something between them."""

from netstrata.contract import computes
from netstrata.contract.shapes import Strings, Text


@computes("implode")
def implode(glue: Text, pieces: Strings) -> Text:
    """Join strings with a glue between them.

    Example:
        implode(", ", {"a", "b", "c"}) s;
        println(s);  # a, b, c

    Source: NCD, implode.
    """
    return glue.join(pieces)
