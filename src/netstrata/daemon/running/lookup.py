"""The registry, as the static check asks it: what a program names is loaded, the rest only for a suggestion."""

from collections.abc import Iterable
from typing import Any

from netstrata.contract import Declaration
from netstrata.daemon.running.packages import problem_with
from netstrata.engine.registry import Registry
from netstrata.values import Refused, Value


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

    def refusal(self, declaration: Declaration, values: list[Value]) -> Refused | None:
        """Return None: nothing is run."""
        return None

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


class TryingLookup(RegistryLookup):
    """The same, which lets our own statements look at their arguments: up to where they ask for anything."""

    def refusal(self, declaration: Declaration, values: list[Value]) -> Refused | None:
        """Return why a statement would refuse values before it does or looks at anything."""
        if not (declaration.asks_ports and declaration.is_built_in):
            return None
        try:
            body = declaration.implementation(_NoPorts(), *declaration.bind(values))
            body.__anext__().send(None)
        except Refused as refused:
            return refused
        except (_Asked, StopIteration):
            pass
        return None


class _Asked(Exception):
    """A statement has asked for a port."""


class _NoPorts:
    """No ports at all."""

    def __getattr__(self, name: str) -> Any:
        raise _Asked
