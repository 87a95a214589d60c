"""Statements of other people's packages, which say by an entry point where they are.

    [project.entry-points."netstrata.statements"]
    acme = "netstrata_acme"

Statements whose name begins with that word are in that package, each at the path that is the rest of its name:
`acme.link.meter` is netstrata_acme/link/meter.py.  What we have ourselves goes before.

A package that cannot be loaded keeps nobody from running: its statements are not there, and `problem_with` says why.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Final, TypeVar

from netstrata.contract import Declaration, paths_of
from netstrata.daemon.running.rooms import declared_at, declared_below

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "netstrata.statements"
T = TypeVar("T")
_problems: dict[str, str] = {}  # by the first word of names


def packaged(name: str) -> Declaration | None:
    """Return the declaration of a statement out of a package, None if there is none."""
    word, _, rest = name.partition(".")
    package = _packages().get(word)
    if package is None or not rest:
        return None
    return _guarded(package, None, partial(_find, package, name, rest))


def _find(package: "EntryPoint", name: str, rest: str) -> Declaration | None:
    for path in paths_of(rest):
        found = declared_at(f"{package.module}.{path}").get(name)
        if found is not None:
            return found
    return None


def package_names() -> list[str]:
    """Return the names of the statements of all packages that can be loaded; this loads them."""
    names: list[str] = []
    for word, package in _packages().items():
        nothing: list[str] = []
        found = _guarded(package, nothing, partial(declared_below, package.module))
        names.extend(name for name in found if name.startswith(f"{word}."))
    return names


def problem_with(name: str) -> str:
    """Say why a statement cannot be had although a package is there that would bring it; "" if none is."""
    return _problems.get(name.partition(".")[0], "")


@cache
def _packages() -> "dict[str, EntryPoint]":
    """Return the packages by the first word of their statements' names; looked up once, when the first name asks."""
    from importlib.metadata import entry_points  # 20 ms, which only who names something unknown pays

    found: dict[str, EntryPoint] = {}
    for package in entry_points(group=GROUP):
        first = found.setdefault(package.name, package)
        if first is not package:
            whose = f"{package.name}.… are of the package {_title(first)}"
            _problems[package.name] = f"statements named {whose}; those of {_title(package)} are not looked at"
    return found


def _title(package: "EntryPoint") -> str:
    return package.dist.name if package.dist is not None else package.module


def _guarded(package: "EntryPoint", otherwise: T, load: Callable[[], T]) -> T:
    """Load something of a package; remember what is wrong with it if that fails."""
    try:
        return load()
    except Exception as error:  # it is not our code: anything may be wrong with it
        _problems[package.name] = f"the package {_title(package)} cannot be loaded: {type(error).__name__}: {error}"
        return otherwise
