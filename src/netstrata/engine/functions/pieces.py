"""Functions between a string and its pieces."""

from netstrata.contract.shapes.common import STRINGS, TEXT
from netstrata.engine.structure import function, takes
from netstrata.values import Value


def _implode(values: list[Value]) -> Value:
    glue = TEXT.read(values[0])
    pieces = STRINGS.read(values[1])
    if glue is None:
        raise TEXT.refusal(0)
    if pieces is None:
        raise STRINGS.refusal(1)
    return glue.join(pieces)


function(
    "implode",
    _implode,
    takes(("glue", TEXT), ("pieces", STRINGS)),
    """Join strings with a glue between them, as the statement of that name does.

    Example:
        println(@implode(", ", {"a", "b", "c"}));  # a, b, c
    """,
    TEXT,
)
