"""The pyramid: which statements of which process stand, learnt from transitions alone."""

from typing import NamedTuple

from netstrata.cli.demo.records import Transition


class Floor(NamedTuple):
    """One statement of a process: its name, its state, and the value worth showing."""

    name: str
    state: str
    value: str


class Floors:
    """All floors seen so far, by process in the order of the program's text."""

    __slots__ = ("_floors", "_lines")

    def __init__(self) -> None:
        self._floors: dict[str, dict[int, Floor]] = {}
        self._lines: dict[str, int] = {}

    def apply(self, change: Transition) -> None:
        """Take in one transition."""
        if change.process not in self._floors:
            self._lines[change.process] = change.line
            self._floors[change.process] = {}
            self._floors = dict(sorted(self._floors.items(), key=lambda item: self._lines[item[0]]))
        floors = self._floors[change.process]
        floors[change.statement] = Floor(change.name, change.after, value_of(change))

    def processes(self) -> list[str]:
        """Return the names of the processes."""
        return list(self._floors)

    def rows(self) -> list[list[Floor | None]]:
        """Return the floors from the highest to the ground, one column for each process."""
        height = max((max(floors, default=0) for floors in self._floors.values()), default=-1)
        lowest = min((min(floors) for floors in self._floors.values() if floors), default=0)
        return [[floors.get(number) for floors in self._floors.values()] for number in range(height, lowest - 1, -1)]

    def standing(self, process: str) -> list[str]:
        """Return the names of a process's statements that are up, from the ground."""
        floors = self._floors.get(process, {})
        return [floors[number].name for number in sorted(floors) if floors[number].state == "up"]


def value_of(change: Transition) -> str:
    """Return the one value of a statement that says most about it, "" if it is not up."""
    if change.after != "up":
        return ""
    for name in ("cidr_addr", "addr", "value"):
        value = change.values.get(name)
        if isinstance(value, str):
            return value
    return ""
