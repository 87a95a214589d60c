"""Finding statements by name: those of the language, and those that are files below `statements`."""

from importlib import import_module

from netstrata.contract import Declaration
from netstrata.engine.registry import Registry
from netstrata.engine.structure import FUNCTIONS, STRUCTURES

ROOM = "netstrata.statements"
_STRUCTURES = (
    "blocking",
    "calling",
    "counting",
    "depending",
    "dynamic",
    "ending",
    "imperative",
    "lists",
    "looping",
    "managing",
    "matching",
    "outsiders",
    "printing",
    "referring",
    "scoped",
    "searching",
    "spawning",
    "timing",
    "trying",
    "valuetree",
    "variables",
)
_FUNCTIONS = ("logic", "numbers", "texts")


def make_registry() -> Registry:
    """Return a registry of all that this installation knows."""
    for name in _STRUCTURES:
        import_module(f"netstrata.engine.structures.{name}")
    for name in _FUNCTIONS:
        import_module(f"netstrata.engine.functions.{name}")
    return Registry(STRUCTURES, FUNCTIONS, load_statement, statement_names)


def _declared_in(module: str) -> dict[str, Declaration]:
    try:
        loaded = import_module(f"{ROOM}.{module}")
    except ModuleNotFoundError as error:
        if error.name is not None and f"{ROOM}.{module}.".startswith(f"{error.name}."):
            return {}
        raise
    found: dict[str, Declaration] = {}
    for thing in vars(loaded).values():
        for declaration in (getattr(thing, "declaration", None), getattr(thing, "nextevent", None)):
            if isinstance(declaration, Declaration):
                found[declaration.name] = declaration
    return found


def load_statement(name: str) -> Declaration | None:
    """Return a statement's declaration: its name is its path, or that of its family (`num_add` may be in `num`)."""
    words = name.split("::")[0].split(".")
    if not all(word.isidentifier() for word in words):
        return None
    path = ".".join(words[:-1])
    last = words[-1]
    for candidate in dict.fromkeys((last, last.partition("_")[0])):
        if not candidate:
            continue
        module = f"{path}.{candidate}" if path else candidate
        for spelled in (module, f"{module}_"):
            found = _declared_in(spelled).get(name)
            if found is not None:
                return found
    return None


def statement_names() -> list[str]:
    """Return the names of all statements that are files."""
    import pkgutil

    package = import_module(ROOM)
    names: list[str] = []
    for module in pkgutil.walk_packages(package.__path__, f"{ROOM}."):
        names.extend(_declared_in(module.name.removeprefix(f"{ROOM}.")))
    return names
