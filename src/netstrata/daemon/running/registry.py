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
    "requesting",
    "scoped",
    "searching",
    "spawning",
    "timing",
    "trying",
    "valueputting",
    "valuetree",
    "variables",
)
_FUNCTIONS = ("logic", "numbers", "texts")
# Objects about the outside, loaded when a program names one; a method is where its statement is.
_OBJECTS = {
    "file_open": "openfiles",
    "net.iptables.lock": "locking",
    "sys.connect": "sockets",
    "sys.listen": "listening",
    "sys.request_client": "asking",
    "sys.request_server": "answering",
    "sys.request_server.request": "answering",
    "sys.socket": "sockets",
    "sys.start_process": "programs",
}


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
    base = name.split("::")[0]
    if base in _OBJECTS:
        return _load_object(_OBJECTS[base], name)
    words = base.split(".")
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


def _load_object(module: str, name: str) -> Declaration | None:
    """Return the declaration of an object or of a method of it."""
    import_module(f"netstrata.engine.structures.{module}")
    return next((declaration for declaration in STRUCTURES if declaration.name == name), None)


def statement_names() -> list[str]:
    """Return the names of all statements that are files, and of all objects about the outside."""
    import pkgutil

    package = import_module(ROOM)
    names: list[str] = []
    for module in pkgutil.walk_packages(package.__path__, f"{ROOM}."):
        names.extend(_declared_in(module.name.removeprefix(f"{ROOM}.")))
    for loaded in dict.fromkeys(_OBJECTS.values()):
        import_module(f"netstrata.engine.structures.{loaded}")
    names.extend(declaration.name for declaration in STRUCTURES if declaration.kind == "object")
    return names
