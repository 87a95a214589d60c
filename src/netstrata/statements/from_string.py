"""from_string: the value that a text is the form of."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Any_, Text
from netstrata.language.valuetext import parse_value
from netstrata.values import Refused


@computes("from_string")
def from_string(text: Text) -> Any_:
    """Read the text form of a value; text that is none is an error, unlike with `parse_value`.

    Example:
        from_string("{\\"a\\", \\"b\\"}") v;
        println(@encode_value(v));  # {"a", "b"}

    Source: NCD, from_string.
    """
    value = parse_value(text)
    if value is None:
        raise Refused("this is not the text of a value", argument=0)
    return value
