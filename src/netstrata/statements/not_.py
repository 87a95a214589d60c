"""not: the opposite of a truth value."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Truth


@computes("not")
def not_(value: Truth) -> Truth:
    """Say the opposite of a truth value.

    Example:
        not("true") opposite;
        println(opposite);  # false

    Source: NCD, not.
    """
    return not value
