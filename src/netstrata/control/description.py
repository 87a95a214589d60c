"""varlink's interface definitions, read: which types, methods and errors an interface has.  No IO.

    interface org.example.Lamp
    type Colour (red: int, green: int, blue: int)
    method Shine(colour: ?Colour) -> (since: float)
    error Broken (why: string)

Source: varlink.org, "Interface Definition".
"""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from netstrata.control.varlink import is_text

_COMMENT: Final = re.compile(r"#[^\n]*")
_TOKEN: Final = re.compile(r"->|\[string\]|\[\]|[\w.-]+|\S")
_TYPE_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
_FIELD_NAME: Final = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_INTERFACE_NAME: Final = re.compile(r"[A-Za-z](?:-*[A-Za-z0-9])*(?:\.[A-Za-z0-9](?:-*[A-Za-z0-9])*)+")
INTEGERS: Final = range(-(2**63), 2**63)
_CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool) and value in INTEGERS,
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str) and is_text(value),
    "object": lambda value: True,
}


class BadDescription(Exception):
    """A text is no interface definition: the line, and what is wrong there."""


class Type(NamedTuple):
    """What a value looks like.

    Shapes: kind is `bool`, `int`, `float`, `string` or `object`; `?`, `[]` or `[string]` of what `inner` says; `struct`
    with fields; `enum` with words; or the name of a type of the interface.
    """

    kind: str
    inner: "Type | None" = None
    fields: "dict[str, Type]" = {}
    words: tuple[str, ...] = ()

    @property
    def optional(self) -> bool:
        """Whether a value may be left out."""
        return self.kind == "?"

    @property
    def present(self) -> "Type":
        """What a value that is not left out looks like."""
        return self.inner if self.kind == "?" and self.inner is not None else self


Fields = dict[str, Type]


class Method(NamedTuple):
    """What can be asked for: its parameters, and what its answer has."""

    parameters: Fields
    answer: Fields


class Interface(NamedTuple):
    """What an interface definition says, each by its name."""

    name: str
    types: dict[str, Type]
    methods: dict[str, Method]
    errors: dict[str, Fields]

    def fits(self, value: Any, wanted: Type) -> bool:
        """Say whether what JSON has held is of a type; a field that may be left out may also be null."""
        kind, inner = wanted.kind, wanted.inner
        if kind in _CHECKS:
            return _CHECKS[kind](value)
        if inner is not None:
            if kind == "?":
                return value is None or self.fits(value, inner)
            if kind == "[]":
                return isinstance(value, list) and all(self.fits(one, inner) for one in value)
            return isinstance(value, dict) and all(is_text(key) and self.fits(value[key], inner) for key in value)
        if kind == "enum":
            return value in wanted.words
        if kind == "struct":
            return isinstance(value, dict) and self.misfit(value, wanted.fields) is None
        return self.fits(value, self.types[kind])

    def misfit(self, values: dict[str, Any], fields: Fields) -> str | None:
        """Return the name of the first value that is none of some fields, or of another type; None if all fit."""
        for name in (*values, *fields):
            if name not in fields or not self.fits(values.get(name), fields[name]):
                return name
        return None


def read_interface(text: str) -> Interface:
    """Read an interface definition.

    Raises: BadDescription.
    """
    return _Reader(_COMMENT.sub("", text)).interface()


class _Reader:
    """Words of a text, taken one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words: list[str] = [*_TOKEN.findall(text), "the end"]
        self._at = 0
        self._named: list[tuple[int, str]] = []  # types that were named, and where

    def interface(self) -> Interface:
        """Read all of it."""
        self._expect("interface")
        found = Interface(self._name(_INTERFACE_NAME, "the name of an interface"), {}, {}, {})
        while self._at < len(self._words) - 1:
            self._member(found)
        for at, name in self._named:
            if name not in found.types:
                self._at = at
                raise self._bad("a type")
        return found

    def _member(self, found: Interface) -> None:
        what = self._take()
        name = self._name(_TYPE_NAME, "a name")
        if name in found.types or name in found.methods or name in found.errors:
            self._at -= 1
            raise self._bad("another name")
        if what == "type":
            found.types[name] = self._record()
        elif what == "method":
            parameters = self._fields()
            self._expect("->")
            found.methods[name] = Method(parameters, self._fields())
        elif what == "error":
            found.errors[name] = self._fields()
        else:
            self._at -= 2
            raise self._bad("type, method or error")

    def _fields(self) -> Fields:
        at = self._at
        record = self._record()
        if record.kind != "struct":
            self._at = at + 2
            raise self._bad("`:`")
        return record.fields

    def _record(self) -> Type:
        """Read fields with their types, or the words of an enumeration."""
        self._expect("(")
        fields: Fields = {}
        words: list[str] = []
        while self._words[self._at] != ")":
            if fields or words:
                self._expect(",")
            name = self._name(_FIELD_NAME, "a field")
            if name in fields or name in words:
                self._at -= 1
                raise self._bad("another field")
            if not words and (fields or self._words[self._at] == ":"):
                self._expect(":")
                fields[name] = self._type()
            else:
                words.append(name)
        self._at += 1
        return Type("enum", words=tuple(words)) if words else Type("struct", fields=fields)

    def _type(self) -> Type:
        word = self._words[self._at]
        if word == "(":
            return self._record()
        if word in _CHECKS:
            self._at += 1
            return Type(word)
        if word in ("?", "[]", "[string]"):
            self._at += 1
            if word == self._words[self._at] == "?":
                raise self._bad("a type")
            return Type(word, self._type())
        self._named.append((self._at, word))
        return Type(self._name(_TYPE_NAME, "a type"))

    def _name(self, pattern: re.Pattern[str], what: str) -> str:
        if not pattern.fullmatch(self._words[self._at]):
            raise self._bad(what)
        return self._take()

    def _take(self) -> str:
        self._at += 1
        return self._words[self._at - 1]

    def _expect(self, word: str) -> None:
        if self._words[self._at] != word:
            raise self._bad(f"`{word}`")
        self._at += 1

    def _bad(self, wanted: str) -> BadDescription:
        """Say what is wrong at the next word."""
        starts = [match.start() for match in _TOKEN.finditer(self._text)]
        start = starts[self._at] if self._at < len(starts) else len(self._text)
        line = self._text.count("\n", 0, start) + 1
        return BadDescription(f"line {line}: expected {wanted}, not `{self._words[self._at]}`")
