"""The goals of a program: what can be asked for, and how far it is."""

from typing import Any

from netstrata.contract.roles import NAMES
from netstrata.control.answers import Slices
from netstrata.daemon.pyramid.projection import SLICE, Projection
from netstrata.daemon.pyramid.standing import FloorState, Standing
from netstrata.daemon.text.redaction import redacted


class Goal:
    """One goal: who comes up for it, from which statement on, who asks for it, and who provides it."""

    __slots__ = ("asked", "holders", "name", "providers", "required")

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = False  # by people
        self.required = False  # by a statement
        self.holders: list[tuple[Standing, int]] = []
        self.providers: list[tuple[Standing, FloorState]] = []

    def as_dict(self) -> dict[str, Any]:
        """Return it as clients see it."""
        paths = [process.path for process, _ in (*self.holders, *self.providers)]
        processes = list(dict.fromkeys(paths))
        return {"name": redacted(self.name), "asked": self.asked, "state": self.state, "processes": processes}

    @property
    def state(self) -> str:
        """How far it is: idle, waiting (also while it is undone) or up.

        It is up when it is provided; if no statement provides it, when all that comes up for it is complete.
        """
        provided = any(floor.state == "up" for _, floor in self.providers)
        if not self.asked and not self.required:
            standing = any(process.last > number for process, number in self.holders)
            return "waiting" if standing else "up" if provided and not self.holders else "idle"
        if self.providers:
            return "up" if provided else "waiting"
        complete = bool(self.holders) and all(process.is_complete() for process, _ in self.holders)
        return "up" if complete else "waiting"


def find_goals(stands: Projection, *, also_provided: bool = False) -> Slices[dict[str, Goal]]:
    """Return all goals by name: what statements come up for or ask for, in program order.

    A name that is only provided is one if somebody has asked for it, or with also_provided.
    """
    found: dict[str, Goal] = {}
    provided: dict[str, list[tuple[Standing, FloorState]]] = {}
    counted = 0
    for process in (yield from stands.everything()):
        for written, floor in process.floors():
            counted += 1
            if not counted % SLICE:
                yield
            if NAMES not in (written.role.provides, written.role.raised_by) and not written.role.asks:
                continue
            for name in floor.names_as(written)[:1]:
                if written.role.provides:
                    provided.setdefault(name, []).append((process, floor))
                    continue
                goal = found.setdefault(name, Goal(name))
                if written.role.raised_by:
                    goal.holders.append((process, floor.number))
                else:
                    goal.required = goal.required or floor.state != "gone"
    for name in provided:
        if also_provided or name in stands.asked:
            found.setdefault(name, Goal(name))
    for goal in found.values():
        goal.asked = goal.name in stands.asked
        goal.providers = provided.get(goal.name, [])
    return found
