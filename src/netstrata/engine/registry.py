"""Statements, methods and functions by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from netstrata.contract import Declaration
from netstrata.engine.async_statement import Configured, NextEvent, Reported, Watched
from netstrata.engine.computed import Acted, Computed
from netstrata.engine.function import Function

if TYPE_CHECKING:
    from netstrata.engine.statement import Statement


class Entry:
    """A declaration, and how to make a statement of it."""

    __slots__ = ("declaration", "make")

    def __init__(self, declaration: Declaration, make: "Callable[[], Statement]") -> None:
        self.declaration = declaration
        self.make = make


def entry_of(declaration: Declaration) -> Entry:
    """Return how to make statements of a declaration, by its kind."""
    if declaration.kind == "computes":
        return Entry(declaration, Computed)
    if declaration.kind == "acts":
        return Entry(declaration, Acted)
    if declaration.kind == "configures":
        return Entry(declaration, Configured)
    if declaration.kind == "watches":
        return Entry(declaration, Watched)
    if declaration.kind == "reports":
        return Entry(declaration, Reported)
    if declaration.kind == "nextevent":
        return Entry(declaration, NextEvent)
    return Entry(declaration, declaration.implementation)


class Registry:
    """All that a program can name.  Statements that are functions are loaded when a program first names them."""

    def __init__(
        self,
        structures: list[Declaration],
        functions: list[Function],
        load: Callable[[str], Declaration | None],
        names: Callable[[], list[str]],
    ) -> None:
        """Take what the engine brings along, and how to find the rest.

        Shapes: load returns the declaration of a statement or `type::method` by name; names lists all it knows.
        """
        self._entries: dict[str, Entry | None] = {d.name: entry_of(d) for d in structures}
        self._functions = {function.declaration.name: function for function in functions}
        self._load = load
        self._names = names

    def add(self, declaration: Declaration) -> None:
        """Know one more statement or method."""
        self._entries[declaration.name] = entry_of(declaration)

    def _entry(self, name: str) -> Entry | None:
        if name in self._entries:
            return self._entries[name]
        declaration = self._load(name)
        entry = entry_of(declaration) if declaration is not None else None
        self._entries[name] = entry
        return entry

    def statement(self, name: str) -> Entry | None:
        """Return the statement of that name."""
        return None if "::" in name else self._entry(name)

    def method(self, type_: str, name: str) -> Entry | None:
        """Return the method of that name on things of a type."""
        return self._entry(f"{type_}::{name}")

    def function(self, name: str) -> Function | None:
        """Return the function of that name."""
        return self._functions.get(name)

    def declarations(self) -> list[Declaration]:
        """Return every statement and method, sorted by name; this loads them all."""
        for name in self._names():
            self._entry(name)
        found = [entry.declaration for entry in self._entries.values() if entry is not None]
        return sorted(found, key=lambda d: d.name)

    def functions(self) -> list[Declaration]:
        """Return every function, sorted by name."""
        return [self._functions[name].declaration for name in sorted(self._functions)]
