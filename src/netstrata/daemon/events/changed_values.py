"""Values that change while their statement is up: which methods change them."""

from typing import Final

from netstrata.engine.statement import UP, Statement

LISTS: Final = ("append", "appendv", "shift", "set", "remove", "remove_at")
TREES: Final = (
    "insert", "insert_undo", "replace", "replace_undo", "replace_this", "replace_this_undo", "remove", "delete",
    "append", "reset",
)  # fmt: skip
SWITCHES: Final = ("up", "down", "downup")
CHANGING: Final = frozenset(
    (
        "var::set",
        *(f"list::{name}" for name in LISTS),
        *(f"value::{name}" for name in TREES),
        *(f"blocker::{name}" for name in SWITCHES),
    )
)


def changed_by(statement: Statement) -> list[Statement]:
    """Return the statements that are up and whose values a method has changed by being up, or by being gone.

    That is its object, and what that was got from.
    """
    found: list[Statement] = []
    name = statement.declaration.name
    if name in CHANGING and (statement.state == UP or name.endswith("_undo")):
        thing = statement.target
        while isinstance(thing, Statement):
            if thing.state == UP:
                found.append(thing)
            thing = thing.target
    return found
