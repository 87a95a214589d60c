"""The five kinds of statement that are functions, made from the function's signature.

`@computes`: a plain function; what it returns are the statement's variables.
`@acts`: the same, but given the ports: it does or reads something once, and nothing of it is undone.
`@configures`: an async generator with one `yield`, which means up; leaving is the reverse.
`@watches`: an async generator with many yields, variables for up and `DOWN` for down.  Variables that come while it is
up take it down for an instant, with all above it; in a `Revised` they redo only what has read those that changed.
`@reports`: an async generator of events, which are shown one at a time; the method `nextevent` asks for the next.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

from netstrata.contract.declaration import BUILT_IN, Argument, Declaration, Shape, Variable
from netstrata.contract.roles import NO_ROLES, Roles

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Down:
    """What a `@watches` statement yields when it is down."""

    def __repr__(self) -> str:
        return "DOWN"


DOWN: Final = Down()


class Revised(Generic[T]):
    """What a `@watches` statement yields that is up with these variables, and stays up if it is."""

    def __init__(self, found: T) -> None:
        self.found = found


Up = AsyncIterator[T]
Watch = AsyncIterator[T | Down | Revised[T]]
Events = AsyncIterator[T]


def computes(name: str, *, layer: int = 0) -> Callable[[F], F]:
    """Declare a statement that is up at once and only computes its variables."""
    return _declares(name, "computes", layer)


def acts(name: str, *, layer: int = 0) -> Callable[[F], F]:
    """Declare a statement that is up at once, after it did or read something outside; nothing of it is undone."""
    return _declares(name, "acts", layer)


def configures(name: str, *, layer: int = 0, roles: Roles = NO_ROLES) -> Callable[[F], F]:
    """Declare a statement that holds something outside while it is up."""
    return _declares(name, "configures", layer, roles)


def watches(name: str, *, layer: int = 0, roles: Roles = NO_ROLES) -> Callable[[F], F]:
    """Declare a statement that follows something outside, up and down."""
    return _declares(name, "watches", layer, roles)


def reports(name: str, *, layer: int = 0) -> Callable[[F], F]:
    """Declare a statement that shows events one at a time, and its method `nextevent`."""
    declare = _declares(name, "reports", layer)

    def declare_both(function: F) -> F:
        declare(function)
        of = declaration_of(function)
        doc = (_next_event.__doc__ or "") + of.raw_example()  # both as indented as this Python leaves them
        function.nextevent = Declaration(  # type: ignore[attr-defined]
            f"{name}::nextevent", "nextevent", (), (), doc, None, file=of.file, line=of.line
        )
        return function

    return declare_both


def _next_event() -> None:
    """Be done with the event that is shown, and show the next one when there is one.

    What stands below is undone, so nothing after this statement is reached.
    """


def _declares(name: str, kind: str, layer: int, roles: Roles = NO_ROLES) -> Callable[[F], F]:
    def declare(function: F) -> F:
        check_path(name, function.__module__, BUILT_IN)
        doc = function.__doc__ or ""
        hints = get_type_hints(function, include_extras=True)
        declaration = Declaration(
            name,
            kind,
            tuple(_arguments(name, function, hints)),
            _variables(name, kind, hints.get("return")),
            doc,
            function,
            layer=layer,
            file=function.__code__.co_filename,
            line=function.__code__.co_firstlineno,
            roles=roles,
        )
        check_example(name, doc)
        function.declaration = declaration  # type: ignore[attr-defined]
        return function

    return declare


def check_path(name: str, module: str, room: str) -> None:
    """Refuse a declaration in a file of a room whose path below the room is not its name."""
    if module.startswith(room) and module.removeprefix(room).removesuffix("_") not in paths_of(name):
        raise TypeError(f"{name} is declared in {module}, but its name must be its path")


def paths_of(name: str) -> list[str]:
    """Return the files that a statement or method may be in, as module names below its room, the likeliest first.

    A family (`num_add`, `num_equal`) may share the file of its first word.  Methods are where the statement is that
    makes the object, and so are those of what belongs to it (`sys.request_server.request`).
    """
    base, is_method, _ = name.partition("::")
    before, dot, last = base.rpartition(".")
    paths = [base, f"{before}{dot}{last.partition('_')[0]}", *([before] if is_method else [])]
    return list(dict.fromkeys(path for path in paths if path and not path.endswith(".")))


def check_example(name: str, doc: str) -> None:
    """Refuse a declaration that has no example in its documentation."""
    if "Example:" not in doc:
        raise TypeError(f"{name} has no example in its documentation")


def _shape_of(name: str, what: str, hint: Any) -> Shape[Any]:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Shape):
            return extra
    raise TypeError(f"{name}: {what} has no shape")


def _arguments(name: str, function: Any, hints: dict[str, Any]) -> list[Argument]:
    arguments: list[Argument] = []
    import inspect

    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "ports":
            continue
        shape = _shape_of(name, f"argument {parameter.name}", hints[parameter.name])
        rest = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        optional = parameter.default is not inspect.Parameter.empty
        arguments.append(Argument(parameter.name, shape, optional, parameter.default if optional else None, rest))
    return arguments


def _variables(name: str, kind: str, hint: Any) -> tuple[Variable, ...]:
    if kind not in ("computes", "acts") and get_origin(hint) is not None:
        hint = next((a for a in get_args(hint) if a is not Down and a is not type(None)), None)
        hint = _without_down(hint)
    if hint is None or hint is type(None):
        return ()
    if hasattr(hint, "_fields"):
        fields = get_type_hints(hint, include_extras=True)
        return tuple(Variable(_word(f), _shape_of(name, f"variable {f}", _bare(fields[f]))) for f in hint._fields)
    return (Variable("", _shape_of(name, "its value", _bare(hint))),)


def _word(field: str) -> str:
    """The field `value_` is the empty variable."""
    return "" if field == "value_" else field


def _bare(hint: Any) -> Any:
    """Take `None` out of an optional: a variable that may be missing."""
    if getattr(hint, "__metadata__", None):
        return hint
    return next((a for a in get_args(hint) if a is not type(None)), hint)


def _without_down(hint: Any) -> Any:
    """Take `Down` out of a union."""
    kept = [a for a in get_args(hint) if a is not Down] if not getattr(hint, "__metadata__", None) else []
    return kept[0] if kept else hint


def declaration_of(function: Any) -> Declaration:
    """Return what a decorated function declared."""
    declaration: Declaration = function.declaration
    return declaration
