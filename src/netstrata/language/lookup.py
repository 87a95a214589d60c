"""What the static check must know of statements, methods and functions."""

from collections.abc import Iterable
from typing import Protocol

from netstrata.contract import Declaration
from netstrata.values import Refused, Value


class Lookup(Protocol):
    """Declarations by name."""

    def statement(self, name: str) -> Declaration | None:
        """Return the statement of that name."""

    def method(self, type_: str, name: str) -> Declaration | None:
        """Return the method of that name on objects of a type."""

    def function(self, name: str) -> Declaration | None:
        """Return the function of that name."""

    def has_method(self, name: str) -> bool:
        """Say whether objects of any type have a method of that name."""

    def problem(self, name: str) -> str:
        """Say why a statement cannot be had that somebody would bring; "" if nobody would."""

    def refusal(self, declaration: Declaration, values: list[Value]) -> Refused | None:
        """Return why a statement would refuse values that fit their shapes, if that is known before it runs."""

    def statement_names(self) -> Iterable[str]:
        """Return the names of all statements."""

    def method_names(self, type_: str = "") -> Iterable[str]:
        """Return the names of the methods of a type, of all types if none is given."""

    def function_names(self) -> Iterable[str]:
        """Return the names of all functions."""


class Declared:
    """A lookup in declarations that are at hand."""

    def __init__(self, statements: Iterable[Declaration], functions: Iterable[Declaration]) -> None:
        """Take statements together with methods (named `type::method`), and functions."""
        self._statements: dict[str, Declaration] = {}
        self._methods: dict[str, dict[str, Declaration]] = {}
        self._functions = {declaration.name: declaration for declaration in functions}
        for declaration in statements:
            type_, mark, method = declaration.name.rpartition("::")
            if mark:
                self._methods.setdefault(type_, {})[method] = declaration
            else:
                self._statements[declaration.name] = declaration

    def statement(self, name: str) -> Declaration | None:
        """Return the statement of that name."""
        return self._statements.get(name)

    def method(self, type_: str, name: str) -> Declaration | None:
        """Return the method of that name on objects of a type."""
        return self._methods.get(type_, {}).get(name)

    def refusal(self, declaration: Declaration, values: list[Value]) -> Refused | None:
        """Return None: nothing is run."""
        return None

    def function(self, name: str) -> Declaration | None:
        """Return the function of that name."""
        return self._functions.get(name)

    def has_method(self, name: str) -> bool:
        """Say whether objects of any type have a method of that name."""
        return name in self.method_names()

    def problem(self, name: str) -> str:
        """Say nothing: nobody else brings any."""
        return ""

    def statement_names(self) -> Iterable[str]:
        """Return the names of all statements."""
        return self._statements

    def method_names(self, type_: str = "") -> Iterable[str]:
        """Return the names of the methods of a type, of all types if none is given."""
        if type_:
            return self._methods.get(type_, {})
        return {name for methods in self._methods.values() for name in methods}

    def function_names(self) -> Iterable[str]:
        """Return the names of all functions."""
        return self._functions
