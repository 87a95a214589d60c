"""strcmp: whether two strings are equal."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Text, Truth


@computes("strcmp")
def strcmp(left: Text, right: Text) -> Truth:
    """Say whether two strings are equal.

    Example:
        strcmp("a", "a") same;
        println(same);  # true

    Source: NCD, strcmp.
    """
    return left == right
