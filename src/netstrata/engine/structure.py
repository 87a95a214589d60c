"""How the structures of the language are declared: the class beside its arguments and documentation."""

from collections.abc import Callable
from typing import Any

from netstrata.contract import Argument, Declaration, Shape, Variable
from netstrata.engine.function import Applied, Function
from netstrata.values import Value

STRUCTURES: list[Declaration] = []
FUNCTIONS: list[Function] = []


def takes(*required: tuple[str, Shape[Any]]) -> tuple[Argument, ...]:
    """Name required arguments and their shapes."""
    return tuple(Argument(name, shape) for name, shape in required)


def maybe(name: str, shape: Shape[Any], default: Any = None) -> tuple[Argument, ...]:
    """Name one optional argument."""
    return (Argument(name, shape, optional=True, default=default),)


def rest(name: str, shape: Shape[Any]) -> tuple[Argument, ...]:
    """Name what takes all arguments that are left."""
    return (Argument(name, shape, rest=True),)


def gives(**variables: Shape[Any]) -> tuple[Variable, ...]:
    """Name variables and their shapes; `value_` is the empty name."""
    return tuple(Variable("" if name == "value_" else name, shape) for name, shape in variables.items())


def structure(
    name: str,
    implementation: Any,
    arguments: tuple[Argument, ...],
    doc: str,
    variables: tuple[Variable, ...] = (),
    object_type: str = "",
) -> None:
    """Declare a statement or, as `type::method`, a method of the language itself."""
    STRUCTURES.append(Declaration(name, "structure", arguments, variables, doc, implementation, object_type))


def outside_object(
    name: str,
    implementation: Any,
    arguments: tuple[Argument, ...],
    doc: str,
    variables: tuple[Variable, ...] = (),
    object_type: str = "",
    layer: int = 0,
) -> None:
    """Declare an object about the outside or, as `type::method`, one of its methods."""
    STRUCTURES.append(Declaration(name, "object", arguments, variables, doc, implementation, object_type, layer))


def function(
    name: str,
    how: Function | Callable[[list[Value]], Value],
    arguments: tuple[Argument, ...],
    doc: str,
    result: Shape[Any],
) -> None:
    """Declare a function: one of values, or a `Function` if it is called often or evaluates its arguments itself."""
    made = how if isinstance(how, Function) else Applied(how)
    made.declare(Declaration(name, "function", arguments, (Variable("", result),), doc, made))
    FUNCTIONS.append(made)
