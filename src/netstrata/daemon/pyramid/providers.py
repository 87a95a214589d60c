"""Who provides a name, or will: as far as the program's text and what stands now can tell."""

from typing import NamedTuple

from netstrata.control.answers import Slices
from netstrata.daemon.events.layers import templates_of
from netstrata.daemon.events.walks import PROCESSES, processes_from
from netstrata.engine.evaluation import Expression
from netstrata.engine.expressions import OwnReference
from netstrata.engine.machine import Engine
from netstrata.engine.process import TERMINATING, Process
from netstrata.engine.program import Code, Slot
from netstrata.values import Refused, Value

Name = tuple[str, Value]  # the name space that it is provided in, and the value


class Found(NamedTuple):
    """The processes that provide one of some names."""

    sure: list[Process]  # a statement of theirs provides it, or will
    later: dict[Process, str]  # they will run a template that provides it: which one
    perhaps: list[Process]  # a statement of theirs provides a name that is not known yet
    idle: list[str]  # templates that provide it, and that nothing runs


def find_offers(engine: Engine, names: list[Name]) -> Slices[Found]:
    """Look for the statements that provide one of some names, and for those that may."""
    wanted = set(names)
    spaces = {space for space, _ in wanted}
    found = Found([], {}, [], [])
    offered: dict[Code, dict[str, bool]] = {}  # what templates offer that others name, so that each is looked at once
    everybody = yield from processes_from(engine.roots)
    for number, process in enumerate(everybody, 1):
        if not number % PROCESSES:
            yield
        if process.mode == TERMINATING:
            continue
        own = {(space, first_value(slot, process)) for slot, space in _offering(process.code, spaces)}
        coming = _coming(process, engine, wanted, offered)
        sure = [template for template, is_sure in coming.items() if is_sure]
        if own & wanted:
            found.sure.append(process)
        elif sure:
            found.later[process] = sure[0]
        elif coming or any(value is None for _, value in own):
            found.perhaps.append(process)
    if not found.sure and not found.later:
        templates = [code for code in engine.templates.values() if code.template]
        found.idle.extend(code.name for code in templates if _offers(code, wanted))
    return found


def first_value(slot: Slot, process: Process) -> Value | None:
    """Return the first argument of a statement, None if it has none, or what it is made of is not known."""
    return _value_of(slot.arguments[0], process) if slot.arguments else None


def _value_of(argument: Expression, process: Process) -> Value | None:
    """Return a value, also that of a statement which has not begun, as far as its declaration and its text tell."""
    try:
        return argument.evaluate(process)
    except Refused:
        if not isinstance(argument, OwnReference) or argument.dotted:
            return None
    maker = process.code.slots[argument.index]
    entry = None if maker.target else maker.registry.statement(maker.type)
    values = [_value_of(part, process) for part in maker.arguments] if entry is not None else []
    known = [value for value in values if value is not None]
    return entry.declaration.foretell(known) if entry is not None and len(known) == len(values) else None


def _offering(code: Code, spaces: set[str]) -> list[tuple[Slot, str]]:
    """Return the statements that provide something in one of some name spaces, each with its own."""
    return [(slot, space) for slot in code.slots if (space := slot.roles().provides) in spaces]


def _coming(
    process: Process, engine: Engine, wanted: set[Name], offered: dict[Code, dict[str, bool]]
) -> dict[str, bool]:
    """Return the templates that statements of a process will run, and that offer what is wanted, or may."""
    found: dict[str, bool] = {}
    for slot, statement in zip(process.code.slots, process.statements, strict=True):
        if statement is None:
            for code in templates_of(slot, engine):
                if code not in offered:
                    offered[code] = _offered_by(code, engine, wanted)
                found |= offered[code]
    return found


def _offered_by(code: Code, engine: Engine, wanted: set[Name]) -> dict[str, bool]:
    """Return which of a template and those that it runs offer what is wanted: True for sure, False perhaps."""
    found: dict[str, bool] = {}
    seen = {code}
    waiting = [code]
    while waiting:
        current = waiting.pop()
        offers = _offers(current, wanted)
        if offers is not None:
            found[current.name] = offers
        for slot in current.slots:
            for inner in templates_of(slot, engine):
                if inner not in seen:
                    seen.add(inner)
                    waiting.append(inner)
    return found


def _offers(code: Code, wanted: set[Name]) -> bool | None:
    """Say whether a template offers what is wanted; False if it may, None if it does not."""
    offering = _offering(code, {space for space, _ in wanted})
    constants = {(space, slot.arguments[0].constant()) for slot, space in offering if slot.arguments}
    if constants & wanted:
        return True
    return False if any(value is None for _, value in constants) else None
