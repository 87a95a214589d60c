"""to_string: the text form of a value."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Any_, Text
from netstrata.language.valuetext import format_value


@computes("to_string")
def to_string(value: Any_) -> Text:
    """Write a value as text, which `from_string` reads back.

    Example:
        to_string({"a", ["k": "v"]}) text;
        println(text);  # {"a", ["k":"v"]}

    Source: NCD, to_string.
    """
    return format_value(value)
