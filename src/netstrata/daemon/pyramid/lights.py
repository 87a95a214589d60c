"""Which layers of a process are lit: how much of what it and those below it have of each is up."""

from typing import NamedTuple

from netstrata.control.answers import Slices
from netstrata.daemon.events.event import LAYERS
from netstrata.daemon.pyramid.standing import Standing, layers_in

SLICE = 200  # statements


class Light(NamedTuple):
    """How far a layer of a process has come: "up" (all of it), "coming" (some of it) or "down" (nothing of it).

    Shapes: since is when something of it last moved, seconds of wall time, 0 if nothing ever did.
    """

    state: str
    since: float


class Count:
    """The statements of one layer."""

    __slots__ = ("begun", "since", "total", "up")

    def __init__(self) -> None:
        self.total = self.begun = self.up = 0
        self.since = 0.0

    def add(self, total: int, begun: int, up: int, since: float) -> None:
        self.total += total
        self.begun += begun
        self.up += up
        self.since = max(self.since, since)

    def light(self) -> Light:
        state = "up" if self.up == self.total else "coming" if self.begun else "down"
        return Light(state, self.since)


Counts = dict[int, Count]


def lights_of(processes: list[Standing]) -> Slices[dict[Standing, dict[int, Light]]]:
    """Return the lights of processes; each must come with all that stand below it, after it."""
    counts: dict[Standing, Counts] = {}
    lights: dict[Standing, dict[int, Light]] = {}
    for process in reversed(processes):
        counts[process] = found = yield from _counts(process, counts)
        lights[process] = {at: found[at].light() for at in LAYERS if at in found}
    return lights


def _counts(process: Standing, below: dict[Standing, Counts]) -> Slices[Counts]:
    found: Counts = {}
    done = 0
    for written, floor in process.floors():
        done += 1
        own = bool(written.own or (floor.layer and not written.layers))
        children = process.children(floor.number) if not own else []
        for child in children:
            for layer, count in below.get(child, {}).items():
                found.setdefault(layer, Count()).add(count.total, count.begun, count.up, count.since)
            done += 1
            if not done % SLICE:
                yield
        if not children and (floor.state != "up" or own):  # a branch that is not taken has no light
            for layer in layers_in(process.layers_of(written, floor)):
                found.setdefault(layer, Count()).add(
                    1, int(floor.state != "gone"), int(floor.state == "up"), floor.since
                )
        if not done % SLICE:
            yield
    for layer, when in process.undone.items():
        if layer in found:
            found[layer].add(0, 0, 0, when)
    return found
