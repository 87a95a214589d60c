"""Maps of named options, each with a shape of its own; what is wrong with one is said of that one."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from netstrata.contract.declaration import Shape
from netstrata.values import ITS_NAME, Map, Refused, Value

T = TypeVar("T")
Options = Mapping[str, Any]  # by name, each as its shape reads it
NO_OPTIONS: Options = {}


def _no_fault(options: Options) -> Refused | None:
    return None


class OptionsShape(Shape[Options]):
    """The shape of a map whose keys are known, each with a shape for its value.

    Of options of which each is right, `fault` says what is wrong with them together; None if nothing is.
    """

    __slots__ = ("fault", "known", "required")

    def __init__(
        self,
        name: str,
        known: dict[str, Shape[Any]],
        good: tuple[str, ...],
        bad: tuple[str, ...],
        required: tuple[str, ...] = (),
        means: str = "",
        fault: Callable[[Options], Refused | None] = _no_fault,
    ) -> None:
        """Describe a map; the options that it cannot do without come first in its description."""
        self.fault = fault
        self.known = known
        self.required = required
        listed = [f"{word} ({known[word].means}; needed)" for word in required]
        listed += [f"{word} ({shape.means})" for word, shape in sorted(known.items()) if word not in required]
        means = means or f"a map of {', '.join(listed)}"
        super().__init__(name, means, self._read, self._write, good, bad)
        self.secret = any(shape.secret for shape in known.values())

    def refusal(self, index: int, value: Value | None = None) -> Refused:
        """Return the error for a map, about the option that is guilty."""
        if not isinstance(value, Map):
            return super().refusal(index)
        for key in value.keys():  # noqa: SIM118 - a Map's keys are ordered, and not a dict's
            word = _word(key)
            shape = self.known.get(word)
            if shape is None:
                return self._unknown(word, key, index)
            if shape.read(value.entries[key]) is None:
                wrong = shape.refusal(index, value.entries[key])
                message = f"option {word}: {wrong.message}"
                within = (_step(key), *wrong.within)
                return Refused(message, hint=wrong.hint, argument=index, within=within)
        missing = [word for word in self.required if word.encode() not in value.entries]
        fault = self.fault(self._each(value) or {}) if not missing else None
        if fault is not None:
            return Refused(fault.message, hint=fault.hint, argument=index, within=fault.within)
        return Refused(f"expected {self.name} with the option {' and '.join(missing)}", argument=index)

    def _unknown(self, word: str, key: Value, index: int) -> Refused:
        from netstrata.contract.spelling import did_you_mean

        begun = [known for known in sorted(self.known) if len(word) > 1 and known.startswith(word)]
        begun += [known for known in sorted(self.known) if len(word) > 1 and known.endswith(f"-{word}")]
        near = did_you_mean(word, self.known) or next(iter(begun), None)
        hint = f"did you mean `{near}`?" if near else ""
        message = f"there is no option `{word}`; known are {', '.join(sorted(self.known))}"
        return Refused(message, hint=hint, argument=index, within=(_step(key), ITS_NAME))

    def _read(self, value: Value) -> Options | None:
        options = self._each(value) if isinstance(value, Map) else None
        return options if options is not None and self.fault(options) is None else None

    def _each(self, value: Map) -> Options | None:
        options: dict[str, Any] = {}
        for key in value.keys():  # noqa: SIM118 - a Map's keys are ordered, and not a dict's
            word = _word(key)
            shape = self.known.get(word)
            found = shape.read(value.entries[key]) if shape is not None else None
            if found is None:
                return None
            options[word] = found
        return options if all(word in options for word in self.required) else None

    def _write(self, options: Options) -> Value:
        return Map({word.encode(): self.known[word].write(value) for word, value in options.items()})


def _word(key: Value) -> str:
    """Return a key for people and for looking it up; what is no string is no option's name."""
    return key.decode("utf-8", "backslashreplace") if isinstance(key, bytes) else "{}"


def _step(key: Value) -> bytes:
    return key if isinstance(key, bytes) else b""


def options_shape(
    fields: dict[str, Shape[Any]], good: tuple[str, ...], bad: tuple[str, ...], needed: tuple[str, ...] = ()
) -> OptionsShape:
    """Make the shape of a map of options that have no name of their own."""
    return OptionsShape("options", fields, good, bad, needed)


def options_as(
    known: OptionsShape,
    make: Callable[[Options], T],
    unmake: Callable[[T], Options],
    good: tuple[str, ...],
    bad: tuple[str, ...],
) -> Shape[T]:
    """Make the shape of a map of options that becomes something else; what is wrong with one is said of that one."""

    def read(value: Value) -> T | None:
        options = known.read(value)
        return make(options) if options is not None else None

    def write(found: T) -> Value:
        return known.write(unmake(found))

    return Shape(known.name, known.means, read, write, good, bad, explain=lambda value: known.refusal(0, value))
