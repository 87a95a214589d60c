"""Finding statements, structures and functions by looking where they are: no list has their names.

Structures of the language and functions are loaded at the start.  Objects about the outside and statements are loaded
when a program first names one: its name is its path below its room.  Whatever we do not know may be of a package of
other people's.
"""

import os
from importlib import import_module
from typing import Final

from netstrata.contract import Declaration, paths_of
from netstrata.daemon.running.packages import package_names, packaged
from netstrata.daemon.running.rooms import declared_at, declared_below
from netstrata.engine.kinds import maker_of
from netstrata.engine.registry import Registry
from netstrata.engine.structure import FUNCTIONS, STRUCTURES

LOADED_AT_START: Final = ("netstrata.engine.structures", "netstrata.engine.functions")
BY_NAME: Final = ("netstrata.statements", "netstrata.engine.objects")


def make_registry() -> Registry:
    """Return a registry of all that this installation knows."""
    for room in LOADED_AT_START:
        _load_all(room)
    return Registry(STRUCTURES, FUNCTIONS, load_statement, statement_names, maker_of)


def _load_all(room: str) -> None:
    """Load a module and, if it is a room, all modules below it, plain or compiled, in a fixed order."""
    folders = getattr(import_module(room), "__path__", ())
    for name in sorted({file.partition(".")[0] for folder in folders for file in os.listdir(folder)}):
        if not name.startswith("_"):
            _load_all(f"{room}.{name}")


def load_statement(name: str) -> Declaration | None:
    """Return the declaration of a statement or method that is not loaded yet, None if there is none."""
    if not all(word.isidentifier() for word in name.replace("::", ".").split(".")):
        return None
    for room in BY_NAME:
        for path in paths_of(name):
            found = declared_at(f"{room}.{path}").get(name)
            if found is not None:
                return found
    return packaged(name)


def statement_names() -> list[str]:
    """Return the names of all that is loaded by name."""
    return [name for room in BY_NAME for name in declared_below(room)] + package_names()
