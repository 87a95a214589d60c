"""Values as a text, whole, for a client that goes on with them.

Whoever reads it believes nothing: what has not the shape that is declared is nothing.
"""

from ast import literal_eval
from math import inf
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def write_record(value: Any) -> bytes:
    """Return a named tuple as text."""
    return repr(_plain(value)).encode("ascii")


def read_record(text: bytes, shape: type[T]) -> T | None:
    """Return what was written; None if nobody can have written that."""
    try:
        found: T = _shaped(literal_eval(text.decode("ascii")), shape)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    return found


def _plain(value: Any) -> Any:
    """Return a value in words of Python; a time without an end, for which there is none, as None."""
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    return None if value == inf else value


def _shaped(value: Any, shape: Any) -> Any:
    """Return a value in the shape that is declared.

    Raises: TypeError, ValueError if it has another one.
    """
    if hasattr(shape, "_fields"):
        fields = get_type_hints(shape)
        return shape(*(_shaped(part, fields[name]) for name, part in zip(shape._fields, value, strict=True)))
    if isinstance(shape, UnionType):
        return None if value is None else _shaped(value, get_args(shape)[0])
    if get_origin(shape) is tuple:
        parts = get_args(shape)
        if not isinstance(value, tuple):
            raise TypeError("no tuple")
        if parts[-1] is Ellipsis:
            return tuple(_shaped(part, parts[0]) for part in value)
        return tuple(_shaped(part, each) for part, each in zip(value, parts, strict=True))
    if shape is float and value is None:
        return inf
    if type(value) is not shape:
        raise TypeError(f"no {shape}")
    return value
