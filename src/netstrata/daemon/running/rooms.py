"""What the modules of a room declare: found by looking into them."""

from importlib import import_module
from types import ModuleType

from netstrata.contract import Declaration
from netstrata.engine.structure import STRUCTURES


def declared_at(module: str) -> dict[str, Declaration]:
    """Return what a module declares, by name; nothing if there is no such module.

    A name that is also a word of Python has an underscore after it: `not_`.
    """
    for spelled in (module, f"{module}_"):
        try:
            return declarations_in(import_module(spelled))
        except ModuleNotFoundError as error:
            if error.name is None or not f"{spelled}.".startswith(f"{error.name}."):
                raise
    return {}


def declarations_in(module: ModuleType) -> dict[str, Declaration]:
    """Return what a loaded module declares: decorated functions, and structures."""
    found: dict[str, Declaration] = {}
    for thing in vars(module).values():
        for declaration in (getattr(thing, "declaration", None), getattr(thing, "nextevent", None)):
            if isinstance(declaration, Declaration):
                found[declaration.name] = declaration
    for declaration in STRUCTURES.values():
        if declaration.implementation.__module__ == module.__name__:
            found[declaration.name] = declaration
    return found


def declared_below(room: str) -> list[str]:
    """Return the names of all that the modules of a room declare; this loads them all."""
    import pkgutil

    names: list[str] = []
    for module in pkgutil.walk_packages(import_module(room).__path__, f"{room}."):
        names.extend(declared_at(module.name))
    return names
