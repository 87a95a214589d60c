"""The goals of a program: what can be asked for, and how far it is."""

from typing import Any

from netstrata.contract.roles import NAMES
from netstrata.control.answers import Slices
from netstrata.daemon.events.walks import floors_of, processes_from
from netstrata.daemon.text.paths import process_path
from netstrata.daemon.text.redaction import redacted
from netstrata.engine.machine import Engine
from netstrata.engine.process import COMPLETE, Process
from netstrata.engine.program import Slot
from netstrata.engine.statement import UP, Statement
from netstrata.engine.structures.names.goals import goals


class Goal:
    """One goal: who comes up for it, from which statement on, and who provides it."""

    __slots__ = ("holders", "name", "providers")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.holders: list[tuple[Process, int]] = []
        self.providers: list[Process] = []

    def as_dict(self, engine: Engine) -> dict[str, Any]:
        """Return it as clients see it."""
        paths = [process_path(process) for process, _ in self.holders] + [process_path(p) for p in self.providers]
        return {
            "name": redacted(self.name.decode("utf-8", "backslashreplace")),
            "asked": self.name in goals(engine).asked,
            "state": self.state(engine),
            "processes": list(dict.fromkeys(paths)),
        }

    def state(self, engine: Engine) -> str:
        """Say how far it is: idle, waiting (also while it is undone) or up.

        It is up when it is provided; if no statement provides it, when all that comes up for it is complete.
        """
        offer = engine.offers.get(self.name)
        provided = offer is not None and offer.provider is not None and offer.provider.state == UP
        if not goals(engine).wanted(self.name):
            standing = any(process.free > index + 1 for process, index in self.holders)
            return "waiting" if standing else "up" if provided and not self.holders else "idle"
        if self.providers:
            return "up" if provided else "waiting"
        complete = bool(self.holders) and all(process.mode == COMPLETE for process, _ in self.holders)
        return "up" if complete else "waiting"


def find_goals(engine: Engine) -> Slices[dict[bytes, Goal]]:
    """Return all goals by name: what statements come up for or ask for, in program order."""
    found: dict[bytes, Goal] = {}
    provided: dict[bytes, list[Process]] = {}
    everybody = yield from processes_from(engine.roots)
    for floor in floors_of(everybody):
        if floor is None:
            yield
            continue
        process, slot, statement = floor
        roles = slot.roles()
        if NAMES not in (roles.provides, roles.raised_by) and not roles.asks:
            continue
        name = _name(slot, statement)
        if name is None:
            continue
        if roles.provides:
            provided.setdefault(name, []).append(process)
        elif roles.raised_by:
            found.setdefault(name, Goal(name)).holders.append((process, slot.index))
        else:
            found.setdefault(name, Goal(name))
    for goal in found.values():
        goal.providers = provided.get(goal.name, [])
    return found


def _name(slot: Slot, statement: Statement | None) -> bytes | None:
    """Return the name of the goal that a statement is about, None if its text does not tell yet."""
    if statement is not None:
        return next((name for name, _ in statement.names_of() if isinstance(name, bytes)), None)
    name = slot.constants[0] if slot.constants else None
    return name if isinstance(name, bytes) else None
