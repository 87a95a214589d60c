"""Statements that only compute: a plain function called once."""

from typing import Any

from netstrata.engine.machine import Statement
from netstrata.values import Value


def read_variable(statement: Statement, found: Any, name: str) -> Value | None:
    """Return one variable of what a function returned, in the language's own form."""
    declaration = statement.declaration
    for at, variable in enumerate(declaration.variables):
        if variable.name == name:
            value = found[at] if hasattr(found, "_fields") else found
            return None if value is None else variable.shape.write(value)
    return None


class Computed(Statement):
    """A statement whose variables a function returned when it began."""

    __slots__ = ("found",)

    def begin(self, values: list[Value]) -> None:
        """Call the function and be up."""
        declaration = self.declaration
        self.found = declaration.implementation(*declaration.bind(values))
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return what the function returned under that name."""
        return read_variable(self, self.found, name)
