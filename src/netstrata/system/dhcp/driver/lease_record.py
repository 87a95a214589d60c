"""A lease as a text, whole: the client after this one goes on with it where this one was.

Whoever reads it believes nothing: what has not the shape of a lease is none.
"""

from ast import literal_eval
from math import inf
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from netstrata.protocols.dhcpv4 import Bound, Grant

_TIMES = ("t1", "t2", "seconds")  # which may have no end, for which a literal has no word


def write_lease(lease: Bound) -> bytes:
    """Return a lease as text."""
    grant = lease.grant._asdict()
    for time in _TIMES:
        grant[time] = None if grant[time] == inf else grant[time]
    plain = tuple(tuple(part) if hasattr(part, "_fields") else part for part in grant.values())
    return repr((plain, tuple(lease.standing))).encode("ascii")


def read_lease(text: bytes) -> Bound | None:
    """Return what was written; None if nobody can have written that."""
    try:
        (*plain,), standing = literal_eval(text.decode("ascii"))
        grant = dict(zip(Grant._fields, plain, strict=True))
        for time in _TIMES:
            grant[time] = inf if grant[time] is None else grant[time]
        found: Bound = _shaped((tuple(grant.values()), standing), Bound)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    grant_found = found.grant
    sizes = {len(grant_found.address), len(grant_found.server), len(grant_found.gateway or bytes(4))}
    return found if sizes == {4} and 0 <= grant_found.prefix <= 32 else None


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
    if type(value) is not shape:
        raise TypeError(f"no {shape}")
    return value
