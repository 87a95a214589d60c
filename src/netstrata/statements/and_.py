"""and: whether all truth values are true."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Truth


@computes("and")
def and_(*values: Truth) -> Truth:
    """Say whether all of some truth values are true; none at all are.

    Example:
        and("true", "no") both;
        println(both);  # false

    Source: NCD, and.
    """
    return all(values)
