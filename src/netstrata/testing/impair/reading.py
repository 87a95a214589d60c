"""What NETSTRATA_IMPAIR says: `KIND[:key=value,...][;KIND...]`, read whole before anything is begun."""

import inspect
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from netstrata.testing.impair.impairment import KINDS, Kind, reader_of
from netstrata.testing.impair.seams import Seams

Impairments = list[Callable[[Seams], None]]


class BadImpairment(Exception):
    """It cannot be read: why, and what could be."""


def read_impairments(text: str) -> Impairments:
    """Return what puts each fault in, in order.

    Raises: BadImpairment.
    """
    kinds = known_kinds()
    return [_read(one.strip(), kinds) for one in text.split(";")]


def known_kinds() -> dict[str, Kind]:
    """Return all kinds of fault, by name, looking into every module of this room."""
    for module in iter_modules([str(Path(__file__).parent)]):
        import_module(f"{__package__}.{module.name}")
    return KINDS


def _read(text: str, kinds: dict[str, Kind]) -> Callable[[Seams], None]:
    name, _, rest = text.partition(":")
    kind = kinds.get(name)
    if kind is None:
        raise BadImpairment(f"there is no fault {name!r}; there are {', '.join(sorted(kinds))}")
    values: dict[str, Any] = {}
    for pair in rest.split(",") if rest else ():
        key, _, value = pair.partition("=")
        if key not in kind.arguments or key in values:
            raise BadImpairment(f"{name} takes {_taken(kind)}, each once, not {pair!r}")
        values[key] = _value(name, key, value, kind.arguments[key].annotation)
    missing = [
        key for key, one in kind.arguments.items() if one.default is inspect.Parameter.empty and key not in values
    ]
    if missing:
        raise BadImpairment(f"{name} needs {', '.join(missing)}: it takes {_taken(kind)}")
    return partial(_install, kind, values)


def _install(kind: Kind, values: dict[str, Any], seams: Seams) -> None:
    kind.install(seams, **values)


def _value(name: str, key: str, text: str, of: Any) -> Any:
    reader = reader_of(of)
    assert reader is not None
    expected, read = reader
    try:
        return read(text)
    except ValueError:
        raise BadImpairment(f"{name}: expected {expected} as {key}, not {text!r}") from None


def _taken(kind: Kind) -> str:
    return ", ".join(f"{key}=" for key in kind.arguments) or "nothing"
