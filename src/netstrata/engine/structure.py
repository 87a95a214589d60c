"""How the structures of the language are declared: the class beside its arguments, its roles and its documentation.

What is declared here is known by its name once its module is loaded; who loads modules looks for them where they are.
"""

from collections.abc import Callable
from typing import Any, Final

from netstrata.contract import Argument, Declaration, Shape, Variable, check_example, check_path
from netstrata.contract.roles import NO_ROLES, Roles
from netstrata.engine.function import Applied, Function
from netstrata.values import Value

STRUCTURES: Final[dict[str, Declaration]] = {}
FUNCTIONS: Final[dict[str, Function]] = {}
OBJECTS: Final = "netstrata.engine.objects."


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
    roles: Roles = NO_ROLES,
) -> None:
    """Declare a statement or, as `type::method`, a method of the language itself."""
    check_example(name, doc)
    _declare(Declaration(name, "structure", arguments, variables, doc, implementation, object_type, roles=roles))


def outside_object(
    name: str,
    implementation: Any,
    arguments: tuple[Argument, ...],
    doc: str,
    variables: tuple[Variable, ...] = (),
    object_type: str = "",
    layer: int = 0,
    roles: Roles = NO_ROLES,
) -> None:
    """Declare an object about the outside or, as `type::method`, one of its methods, in the file that is its path."""
    check_path(name, implementation.__module__, OBJECTS)
    check_example(name, doc)
    _declare(Declaration(name, "object", arguments, variables, doc, implementation, object_type, layer, roles=roles))


def function(
    name: str,
    how: Function | Callable[[list[Value]], Value],
    arguments: tuple[Argument, ...],
    doc: str,
    result: Shape[Any],
) -> None:
    """Declare a function: one of values, or a `Function` if it is called often or evaluates its arguments itself."""
    check_example(name, doc)
    if name in FUNCTIONS:
        raise TypeError(f"the function {name} is declared twice")
    made = how if isinstance(how, Function) else Applied(how)
    made.declare(Declaration(name, "function", arguments, (Variable("", result),), doc, made))
    FUNCTIONS[name] = made


def _declare(declaration: Declaration) -> None:
    name = declaration.name
    if name in STRUCTURES:
        raise TypeError(f"{name} is declared twice")
    STRUCTURES[name] = declaration
