"""concat: strings put together."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Text


@computes("concat")
def concat(*parts: Text) -> Text:
    """Put strings together.

    Example:
        concat("a", "b", "c") s;
        println(s);  # abc

    Source: NCD, concat.
    """
    return b"".join(parts)
