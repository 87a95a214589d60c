"""Statements, methods and functions by name."""

from collections.abc import Callable
from typing import Any

from netstrata.contract import Declaration
from netstrata.contract.roles import NO_ROLES, Roles
from netstrata.engine.function import Function

Maker = Callable[[], Any]  # makes a statement, which is not begun yet


class Entry:
    """A declaration, and how to make a statement of it."""

    __slots__ = ("declaration", "make")

    def __init__(self, declaration: Declaration, make: Maker) -> None:
        self.declaration = declaration
        self.make = make


class Registry:
    """All that a program can name.  Statements that are functions are loaded when a program first names them."""

    def __init__(
        self,
        structures: dict[str, Declaration],
        functions: dict[str, Function],
        load: Callable[[str], Declaration | None],
        names: Callable[[], list[str]],
        maker_of: Callable[[Declaration], Maker],
    ) -> None:
        """Take what the engine brings along, how to find the rest, and how to make statements of a declaration.

        Shapes: load returns the declaration of a statement or `type::method` by name; names lists all it knows.
        """
        self._maker_of = maker_of
        self._entries: dict[str, Entry | None] = {}
        self._methods: dict[str, Roles] = {}  # by the names of methods, whatever they are called on
        for declaration in structures.values():
            self.add(declaration)
        self._functions = functions
        self._load = load
        self._names = names

    def add(self, declaration: Declaration) -> None:
        """Add a statement or method."""
        self._entries[declaration.name] = Entry(declaration, self._maker_of(declaration))
        _, is_method, name = declaration.name.rpartition("::")
        if is_method and (declaration.roles is not NO_ROLES or name not in self._methods):
            self._methods[name] = declaration.roles

    def roles(self, name: str, is_method: bool) -> Roles:
        """Return the roles of a statement; of a method of whatever object, those that one of that name has."""
        if is_method:
            return self._methods.get(name, NO_ROLES)
        entry = self.statement(name)
        return entry.declaration.roles if entry is not None else NO_ROLES

    def _entry(self, name: str) -> Entry | None:
        if name in self._entries:
            return self._entries[name]
        declaration = self._load(name)
        if declaration is not None:
            self.add(declaration)
        return self._entries.setdefault(name, None)

    def statement(self, name: str) -> Entry | None:
        """Return the statement of that name."""
        return None if "::" in name else self._entry(name)

    def method(self, type_: str, name: str) -> Entry | None:
        """Return the method of that name on things of a type."""
        return self._entry(f"{type_}::{name}")

    def has_method(self, name: str) -> bool:
        """Say whether anything that is loaded has a method of that name."""
        return name in self._methods

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
