"""Statements that compute, or act once: a plain function called once."""

from netstrata.engine.process import Statement
from netstrata.values import Value


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
        return self.declaration.read_variable(self.found, name)


class Acted(Computed):
    """A statement that did or read something outside when it began."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Call the function with the ports and be up."""
        declaration = self.declaration
        self.found = declaration.implementation(self.process.engine.outside.ports, *declaration.bind(values))
        self.up()
