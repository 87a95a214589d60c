"""or: whether some truth value is true."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Truth


@computes("or")
def or_(*values: Truth) -> Truth:
    """Say whether one of some truth values is true; of none at all none is.

    Example:
        or("true", "no") either;
        println(either);  # true

    Source: NCD, or.
    """
    return any(values)
