"""Maps of options: each option a word with a shape of its own, and a near miss told as one."""

from typing import Any

from netstrata.contract.declaration import Shape
from netstrata.contract.spelling import did_you_mean
from netstrata.values import Map, Refused, Value

Options = dict[str, Any]  # what was given, read; what was not given is missing


def options_shape(
    fields: dict[str, Shape[Any]], good: tuple[str, ...], bad: tuple[str, ...], needed: tuple[str, ...] = ()
) -> Shape[Options]:
    """Make the shape of a map whose keys are known words.

    Shapes: needed are options that must be there.
    """

    def read(value: Value) -> Options | None:
        return None if explain(value) is not None else _read(value, fields)

    def explain(value: Value) -> Refused | None:
        return _explain(value, fields, needed)

    def write(options: Options) -> Value:
        return Map({key.encode(): fields[key].write(given) for key, given in options.items()})

    told = "; ".join(f"{key}: {shape.name}, {shape.means}" for key, shape in fields.items())
    return Shape("options", f"a map of {told}", read, write, good, bad, explain=explain)


def _read(value: Value, fields: dict[str, Shape[Any]]) -> Options:
    assert isinstance(value, Map)
    return {
        key: shape.read(value.entries[key.encode()]) for key, shape in fields.items() if key.encode() in value.entries
    }


def _explain(value: Value, fields: dict[str, Shape[Any]], needed: tuple[str, ...]) -> Refused | None:
    """Say what is wrong with a map of options; None if nothing is."""
    if not isinstance(value, Map):
        return Refused(f"expected options: a map of {', '.join(fields)}")
    for key, given in value.entries.items():
        word = key.decode("latin-1") if isinstance(key, bytes) else ""
        shape = fields.get(word)
        if shape is None:
            near = did_you_mean(word, fields)
            hint = f"did you mean `{near}`?" if near is not None else f"there are: {', '.join(fields)}"
            return Refused(f"there is no option `{word}`" if word else "an option is named by a string", hint=hint)
        if shape.read(given) is None:
            return Refused(f"option {word}: expected {shape.name}: {shape.means}")
    for word in needed:
        if word.encode() not in value.entries:
            return Refused(f"the option {word} is missing")
    return None
