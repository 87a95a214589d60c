"""What events tell of what runs, so that nobody who reads them has to ask the engine, or to guess.

Of a process its parent, of a statement what it provides or wants under which names, who provides that, what it waits
for, and the names of statements to come, as soon as they are known.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from netstrata.contract import Declaration
from netstrata.contract.roles import NO_ROLES
from netstrata.daemon.events.codes import (
    is_about_a_name,
    names_in,
    told_arguments,
    words_in,
)
from netstrata.daemon.events.codes import text_of as name_of
from netstrata.daemon.events.layers import declaration_of
from netstrata.daemon.text.rendering import cut, variables_of
from netstrata.engine.evaluation import Expression
from netstrata.engine.expressions import Call, ListOf, MapOf, OwnReference
from netstrata.engine.process import UP, Process, Statement
from netstrata.engine.program import Code, Slot
from netstrata.values import Refused, Value

BEHIND: Final = 100  # processes that an event names at most, of those that are waited for
KNOWN: Final = 100  # statements to come of which an event tells the names at most
SOURCES: Final = 20  # statements that are looked at for the name of one that has not begun

Fields = dict[str, Any]
PathOf = Callable[[Process], str]
Open = dict[int, list[Slot]]  # statements whose names the text does not tell, by the index of what they are made from


class Facts:
    """What is to say of one program."""

    def __init__(self, path_of: PathOf) -> None:
        self._path_of = path_of
        self._open: dict[Code, Open] = {}

    def texts_changed(self) -> None:
        """Forget what the text said: the program has another one."""
        self._open.clear()

    def come(self, process: Process, creator: Statement | None, fields: Fields) -> None:
        """Add by which statement of which process a process is run, what it is made from, and what it will want."""
        code = process.code
        if creator is not None:
            fields["template"] = code.name
            fields["parent"] = self._path_of(creator.process)
            fields["at"] = creator.index + 1
        is_open = self._open.get(code)
        if is_open is None:
            is_open = self._open[code] = _open_in(code)
        if is_open:
            self._add_known(process, is_open.get(-1, ()), 0, fields)

    def come_up(self, statement: Statement, slot: Slot, fields: Fields) -> None:
        """Add what is to say of a statement that is up."""
        process = statement.process
        values = variables_of(statement)
        if values:
            fields["values"] = values
        declaration = statement.declaration
        if declaration.roles is not NO_ROLES:
            if slot.constants is None or slot.target:
                fields |= names_of(statement)
            provider = statement.provided_by()
            if provider is not None:
                fields["provider"] = self._path_of(provider.process)
                fields["provider_statement"] = provider.index + 1
        elif declaration.holds_outside:
            fields |= words_of(statement)
        is_open = self._open.get(process.code)
        if is_open:
            self._add_known(process, is_open.get(statement.index, ()), statement.index + 1, fields)

    def of_waiting(self, statement: Statement, most: int = BEHIND) -> Fields:
        """Return what a statement waits for that is down or dying, and its names.

        Shapes: most is how many processes are named that are waited for.
        """
        found = words_of(statement)
        if statement.declaration.roles is not NO_ROLES:
            found = names_of(statement)
        waiting = statement.waits_for()
        if waiting is not None:
            found["waits"] = cut(waiting.text)
            if waiting.processes:
                found["behind"] = [self._path_of(one) for one in waiting.processes[:most]]
        return found

    def _add_known(self, process: Process, slots: Sequence[Slot], following: int, fields: Fields) -> None:
        """Add the names of statements to come, as far as they are known now; the very next one tells them itself."""
        known: dict[str, list[str]] = {}
        for slot in slots:
            if slot.index > following and slot.index >= process.free:
                names = _foretold(slot, process)
                if names:
                    known[str(slot.index + 1)] = names
        if known:
            fields["known"] = known


def names_of(statement: Statement) -> Fields:
    """Return the names that a statement provides, wants or comes up for, and the scope they are names in."""
    found: Fields = {}
    named = statement.names_of()
    if named:
        found["names"] = [name_of(value) for value, _ in named]
        if named[0][1]:
            found["scope"] = named[0][1]
    return found


def words_of(statement: Statement) -> Fields:
    """Return the words that a statement about the outside was begun with or has found, which may be links.

    What the text says of it is known from there.
    """
    slot = statement.slot
    if not statement.declaration.holds_outside or (slot.constants is not None and not statement.declaration.variables):
        return {}
    values = _open_values(slot, statement.declaration, statement.process)
    if statement.state == UP and not slot.tainted:
        variables = (statement.variable(variable.name) for variable in statement.declaration.variables)
        values += [value for value in variables if value is not None]
    return {"names": words_in(values)}


def _open_in(code: Code) -> Open:
    """Return the statements whose names the text does not tell, by each statement whose value they are made from."""
    found: Open = {}
    for slot in code.slots:
        if slot.constants is None:
            for argument in _open_arguments(slot):
                for index in (-1, *_sources(argument, code)):
                    slots = found.setdefault(index, [])
                    if len(slots) < KNOWN and slot not in slots[-1:]:
                        slots.append(slot)
    return found


def _open_arguments(slot: Slot) -> list[Expression]:
    if is_about_a_name(slot.roles()):
        return [one for one in slot.arguments[:1] if one.constant() is None]
    declaration = declaration_of(slot)
    if declaration is None or not declaration.holds_outside:
        return []
    return [one for one in told_arguments(slot, declaration) if one.constant() is None]


def _sources(argument: Expression, code: Code) -> set[int]:
    """Return the statements of the same process that an argument is made from, and those that they are made from."""
    found: set[int] = set()
    waiting = [argument]
    while waiting and len(found) < SOURCES:
        part = waiting.pop()
        if isinstance(part, OwnReference) and part.index not in found:
            found.add(part.index)
            waiting += code.slots[part.index].arguments
        elif isinstance(part, ListOf):
            waiting += part.items
        elif isinstance(part, MapOf):
            waiting += [one for pair in part.pairs for one in pair]
        elif isinstance(part, Call):
            waiting += part.arguments
    return found


def _foretold(slot: Slot, process: Process) -> list[str]:
    """Return the names of a statement to come, as far as they are known."""
    roles = slot.roles()
    if not is_about_a_name(roles):
        declaration = declaration_of(slot)
        return words_in(_open_values(slot, declaration, process)) if declaration is not None else []
    value = _value_of(slot.arguments[0], process, [SOURCES])
    return names_in(value, roles) if value is not None else []


def _open_values(slot: Slot, declaration: Declaration, process: Process) -> list[Value]:
    """Return the values of arguments that the text does not tell, as far as they are known."""
    found: list[Value] = []
    left = [SOURCES]
    for argument in told_arguments(slot, declaration):
        if argument.constant() is None:
            value = _value_of(argument, process, left)
            if value is not None:
                found.append(value)
    return found


def _value_of(argument: Expression, process: Process, left: list[int]) -> Value | None:
    """Return a value, also that of a statement which has not begun, as far as its declaration and its text tell.

    Shapes: left is how many statements may still be looked at.
    """
    try:
        return argument.evaluate(process)
    except Refused:
        if not isinstance(argument, OwnReference) or argument.dotted:
            return None
    except Exception:
        return None  # the statement that evaluates it will say so
    maker = process.code.slots[argument.index]
    left[0] -= 1
    entry = None if maker.target or maker.tainted or left[0] < 0 else maker.registry.statement(maker.type)
    values = [_value_of(part, process, left) for part in maker.arguments] if entry is not None else []
    known = [value for value in values if value is not None]
    return entry.declaration.foretell(known) if entry is not None and len(known) == len(values) else None
