"""The registry, as the static check asks it: what a program names is loaded, the rest only for a suggestion."""

from collections.abc import Iterable

from netstrata.contract import Declaration
from netstrata.daemon.running.packages import problem_with
from netstrata.engine.registry import Registry


class RegistryLookup:
    """Declarations by name, out of a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def statement(self, name: str) -> Declaration | None:
        """Return the statement of that name."""
        entry = self._registry.statement(name)
        return entry.declaration if entry is not None else None

    def method(self, type_: str, name: str) -> Declaration | None:
        """Return the method of that name on objects of a type."""
        entry = self._registry.method(type_, name)
        return entry.declaration if entry is not None else None

    def function(self, name: str) -> Declaration | None:
        """Return the function of that name."""
        found = self._registry.function(name)
        return found.declaration if found is not None else None

    def has_method(self, name: str) -> bool:
        """Say whether objects of any type have a method of that name; the rest is loaded only to say no."""
        return self._registry.has_method(name) or name in self.method_names()

    def problem(self, name: str) -> str:
        """Say what is wrong with the package that would bring a statement; "" if none would."""
        return problem_with(name)

    def statement_names(self) -> Iterable[str]:
        """Return the names of all statements."""
        return [d.name for d in self._registry.declarations() if "::" not in d.name]

    def method_names(self, type_: str = "") -> Iterable[str]:
        """Return the names of the methods of a type, of all types if none is given."""
        names = (d.name.rpartition("::") for d in self._registry.declarations() if "::" in d.name)
        return [method for of, _, method in names if not type_ or of == type_]

    def function_names(self) -> Iterable[str]:
        """Return the names of all functions."""
        return [d.name for d in self._registry.functions()]
